package bandwidth

import (
	"github.com/bulkhead-dev/bulkhead/hooks/network/divert"
	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
)

// Alone is a tenant with so many containers.
func Alone(t shape.Tenant, containers int) shape.Family {
	f := shape.Family{Tenants: []shape.Tenant{t}}
	for i := range containers {
		f.Leaves = append(f.Leaves, shape.Leaf{Number: uint16(i + 1), Tenant: t.Name})
	}
	return f
}

// Bound bounds a family whose leaves are the hosts, in this order, or changes its
// limits; of hosts that have no leaf any more, nothing is bounded. It returns
// where the packets of each host wait.
func (l *Lab) Bound(f shape.Family, hosts ...*Host) ([]shape.Shape, error) {
	have, err := shape.Read(l.Node.handle, f)
	if err != nil {
		return nil, err
	}
	want, err := f.Tree(have)
	if err != nil {
		return nil, err
	}
	plan := shape.Change(have, want)
	if err := shape.Apply(l.Node.handle, plan.Grow); err != nil {
		return nil, err
	}
	var shapes []shape.Shape
	var set []divert.Interface
	var gone []string
	for i, h := range hosts {
		if i >= len(f.Leaves) {
			gone = append(gone, h.Interface)
			continue
		}
		s := f.Shape(f.Leaves[i])
		set = append(set, divert.Interface{Name: h.Interface, Shape: s})
		shapes = append(shapes, s)
	}
	err = namespace.In(int(l.Node.file.Fd()), func() error {
		chains, err := divert.Read(f.Installation)
		if err != nil {
			return err
		}
		return divert.Set(f.Installation, chains, set, gone).Run()
	})
	if err != nil {
		return nil, err
	}
	return shapes, shape.Apply(l.Node.handle, plan.Shrink)
}

// Traffic is what passed the classes of an outermost tenant's device.
func (l *Lab) Traffic(tenant string) (map[uint32]shape.Traffic, error) {
	return shape.ReadTraffic(l.Node.handle, "", tenant)
}
