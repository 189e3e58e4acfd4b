package bandwidth

import (
	"github.com/bulkhead-dev/bulkhead/hooks/network/divert"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
)

// First is what bounds the first leaf of a family, where there is nothing yet.
func First(f shape.Family, l Leaf) ([]shape.Step, nft.Script, error) {
	f.Leaves = []shape.Leaf{{Number: l.Number, Tenant: l.Tenant, MTU: l.mtu()}}
	tree, err := f.Tree(shape.Tree{})
	if err != nil {
		return nil, nil, err
	}
	var ends []divert.Interface
	for _, i := range l.Interfaces {
		if i.Host != "" {
			ends = append(ends, divert.Interface{Name: i.Host, Shape: f.Shape(f.Leaves[0])})
		}
	}
	return shape.Change(shape.Tree{}, tree).Grow, divert.Set(f.Installation, nil, ends, nil), nil
}

// Traffic is what passed the classes of a leaf, nil for a direction that has
// none.
func (n *Node) Traffic(installation string, k Known) (sent, received *shape.Traffic, err error) {
	all, err := shape.ReadTraffic(n.handle, installation, k.Outermost)
	if err != nil {
		return nil, nil, err
	}
	of := func(class uint32) *shape.Traffic {
		if t, ok := all[class]; ok {
			return &t
		}
		return nil
	}
	up, down := shape.Classes(k.Leaf)
	return of(up), of(down), nil
}
