package bandwidth

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/bulkhead-dev/bulkhead/hooks/network/divert"
	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
)

// A Leaf is a network namespace of a tenant's containers and its ends here.
type Leaf struct {
	Number uint16
	Tenant string
	Ends   []End
	New    bool // its rules, if any, are of somebody before it
}

// Plan is what leads to the limits of a family, in the syntax of ip, tc and nft.
type Plan struct {
	shape  shape.Plan
	divert nft.Script
}

// Bound makes the limits of a family hold for its leaves. Others that it has stay,
// or go.
func (n *Node) Bound(f shape.Family, leaves []Leaf, othersStay bool) error {
	return whileInterfacesGo(func() error {
		p, err := n.plan(f, leaves)
		if err != nil {
			return err
		}
		if othersStay {
			p.shape.Shrink = nil
		}
		return n.apply(p)
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

func (n *Node) plan(f shape.Family, leaves []Leaf) (p Plan, err error) {
	f.Leaves = nil
	for _, l := range leaves {
		f.Leaves = append(f.Leaves, shape.Leaf{Number: l.Number, Tenant: l.Tenant, MTU: mtu(l.Ends)})
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
	chains, err := n.chains(f.Installation)
	if err != nil && want.Device == "" && have.Device == "" {
		return p, nil // a kernel without nftables bounds nobody
	}
	if err != nil {
		return p, err
	}
	var set []divert.Interface
	var gone []string
	for i, l := range leaves {
		for _, e := range l.Ends {
			to := divert.Interface{Name: e.Name, Shape: f.Shape(f.Leaves[i])}
			switch {
			case !n.there(e):
				gone = append(gone, e.Name)
			case l.New || have.Device == "" || !to.Among(chains): // a rule has the device's number
				set = append(set, to)
			}
		}
	}
	p.divert = divert.Set(f.Installation, chains, set, gone)
	return p, nil
}

func mtu(ends []End) (largest int) {
	for _, e := range ends {
		largest = max(largest, e.MTU)
	}
	return largest
}

// apply makes classes before the rules that lead to them, and takes them away
// after.
func (n *Node) apply(p Plan) error {
	if err := shape.Apply(n.handle, p.shape.Grow); err != nil {
		return err
	}
	if err := n.run(p.divert); err != nil {
		return err
	}
	return shape.Apply(n.handle, p.shape.Shrink)
}

func (n *Node) run(s nft.Script) error {
	if len(s) == 0 {
		return nil
	}
	return namespace.In(int(n.file.Fd()), s.Run)
}

func (n *Node) chains(installation string) (all []divert.Chain, err error) {
	err = namespace.In(int(n.file.Fd()), func() (err error) {
		all, err = divert.Read(installation)
		return err
	})
	return all, err
}

// Has reports whether an installation bounds anybody here.
func (n *Node) Has(installation string) (bool, error) {
	tenants, err := shape.Tenants(n.handle, installation)
	return len(tenants) > 0, err
}

// Numbers are those that the leaves of a family have here.
func (n *Node) Numbers(installation, outermost string) ([]uint16, error) {
	have, err := n.read(installation, outermost)
	return have.Leaves(), err
}

func (n *Node) read(installation, outermost string) (shape.Tree, error) {
	return shape.Read(n.handle, shape.Family{Installation: installation, Tenants: []shape.Tenant{{Name: outermost}}})
}

// Release takes away what a leaf has, and what it was the last to need. It asks
// for no limit: what others have stays as it is.
func (n *Node) Release(installation, outermost string, leaf uint16, interfaces []string) error {
	err := whileInterfacesGo(func() error {
		chains, err := n.chains(installation)
		if err != nil {
			return err
		}
		return n.run(divert.Set(installation, chains, nil, interfaces))
	})
	if outermost == "" {
		return err
	}
	have, unread := n.read(installation, outermost)
	if unread != nil {
		return errors.Join(err, unread)
	}
	return errors.Join(err, shape.Apply(n.handle, shape.Change(have, have.Without(leaf)).Shrink))
}

// Left is what is here of an installation: devices by their outermost tenant, and
// interfaces with rules, that are not among those known.
func (n *Node) Left(installation string, known []Known) (left []Known, err error) {
	tenants, err := shape.Tenants(n.handle, installation)
	if err != nil {
		return nil, err
	}
	for _, t := range tenants {
		tree, err := n.read(installation, t)
		if err != nil {
			return nil, fmt.Errorf("tenant %s: %w", t, err)
		}
		for _, number := range tree.Leaves() {
			if !slices.ContainsFunc(known, func(k Known) bool { return k.Outermost == t && k.Leaf == number }) {
				left = append(left, Known{Outermost: t, Leaf: number})
			}
		}
		if len(tree.Leaves()) == 0 {
			left = append(left, Known{Outermost: t})
		}
	}
	chains, err := n.chains(installation)
	for _, c := range chains {
		name := c.Interface()
		if !slices.ContainsFunc(slices.Concat(known, left), func(k Known) bool { return slices.Contains(k.Interfaces, name) }) {
			left = append(left, Known{Interfaces: []string{name}})
		}
	}
	return left, err
}

// Known is what a leaf has here.
type Known struct {
	Outermost  string
	Leaf       uint16
	Interfaces []string
}

// String says what it is, for whoever removes it.
func (k Known) String() string {
	if k.Outermost == "" {
		return "rules of interface " + k.Interfaces[0]
	}
	return fmt.Sprintf("of tenant %s, number %d", k.Outermost, k.Leaf)
}
