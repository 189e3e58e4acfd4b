package bandwidth

import (
	"errors"
	"fmt"
	"slices"

	"github.com/bulkhead-dev/bulkhead/hooks/network/divert"
	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
)

// Release takes away what a leaf has, and what it was the last to need. It asks
// for no limit: what others have stays as it is.
func (n *Node) Release(installation string, k Known) error {
	err := whileInterfacesGo(func() error {
		chains, err := divert.Read(installation)
		if err != nil {
			return err
		}
		return divert.Set(installation, chains, nil, k.Interfaces).Run()
	})
	if k.Outermost == "" {
		return err
	}
	have, unread := n.read(installation, k.Outermost)
	if unread != nil {
		return errors.Join(err, unread)
	}
	return errors.Join(err, shape.Apply(n.handle, shape.Change(have, have.Without(k.Leaf)).Shrink))
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
	chains, err := divert.Read(installation)
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
