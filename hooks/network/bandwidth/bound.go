package bandwidth

import (
	"errors"
	"syscall"

	"github.com/bulkhead-dev/bulkhead/hooks/network/divert"
	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
)

// A Leaf is a network namespace of a tenant's containers and its interfaces.
type Leaf struct {
	Number     uint16
	Tenant     string
	Interfaces []facts.Interface
	New        bool // its rules, if any, are of somebody before it
}

// plan is what leads to the limits of a family.
type plan struct {
	shape  shape.Plan
	divert nft.Script
}

// Join makes the classes of leaves that a family has got, and returns the rules
// that lead to them, for who raises the walls. Other leaves stay as they are.
func (n *Node) Join(f shape.Family, leaves []Leaf) (nft.Script, error) {
	p, err := n.plan(f, leaves)
	if err != nil {
		return nil, err
	}
	return p.divert, shape.Apply(n.handle, p.shape.Grow)
}

// Bound makes the limits of a family hold for its leaves. Others that it has go.
// Classes are made before the rules that lead to them, and taken away after.
func (n *Node) Bound(f shape.Family, leaves []Leaf) error {
	return whileInterfacesGo(func() error {
		p, err := n.plan(f, leaves)
		if err != nil {
			return err
		}
		if err := shape.Apply(n.handle, p.shape.Grow); err != nil {
			return err
		}
		if err := p.divert.Run(); err != nil {
			return err
		}
		return shape.Apply(n.handle, p.shape.Shrink)
	})
}

// whileInterfacesGo tries again where something went between being read and being
// changed: no lock keeps an engine from unplugging a container, and with an
// interface go its chains (Linux before 6.16).
func whileInterfacesGo(f func() error) (err error) {
	for range 5 {
		if err = f(); !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.ENODEV) {
			break
		}
	}
	return err
}

func (n *Node) plan(f shape.Family, leaves []Leaf) (p plan, err error) {
	f.Leaves = nil
	for _, l := range leaves {
		f.Leaves = append(f.Leaves, shape.Leaf{Number: l.Number, Tenant: l.Tenant, MTU: l.mtu()})
	}
	have, err := shape.Read(n.handle, f)
	if err != nil {
		return p, err
	}
	want, err := f.Tree(have)
	if err != nil {
		return p, err
	}
	p.shape = shape.Change(have, want)
	chains, err := divert.Read(f.Installation)
	if err != nil && want.Device == "" && have.Device == "" {
		return p, nil // a kernel without nftables bounds nobody
	}
	if err != nil {
		return p, err
	}
	var set []divert.Interface
	var gone []string
	for i, l := range leaves {
		for _, end := range l.Interfaces {
			to := divert.Interface{Name: end.Host, Shape: f.Shape(f.Leaves[i])}
			switch {
			case end.Host == "": // it has no end here, which the policy lets pass
			case !n.there(end):
				gone = append(gone, end.Host)
			case l.New || have.Device == "" || !to.Among(chains): // a rule has the device's number
				set = append(set, to)
			}
		}
	}
	p.divert = divert.Set(f.Installation, chains, set, gone)
	return p, nil
}

func (l Leaf) mtu() (largest int) {
	for _, i := range l.Interfaces {
		largest = max(largest, i.MTU)
	}
	return largest
}
