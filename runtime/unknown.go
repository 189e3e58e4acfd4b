package runtime

import (
	"context"
	"errors"
	"os"
	"slices"
	"syscall"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/hooks/network/bandwidth"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// unknownWalls are those in this process's network namespace that are no
// container's.
func (rt *Runtime) unknownWalls(all []*record.Record) (found []Leftover, err error) {
	standing, err := network.Standing(rt.root.Installation())
	if err != nil {
		return nil, err
	}
	for _, key := range standing {
		if !slices.ContainsFunc(all, func(r *record.Record) bool { return r.Network != nil && rt.wallsName(r).Key() == key }) {
			found = append(found, Leftover{"walls", key, func(context.Context) error {
				return rt.tree.LockedNetwork(func() error { return network.Remove(rt.root.Installation(), key) })
			}})
		}
	}
	return found, nil
}

// unknownBandwidth is what is in this process's network namespace of the
// installation and of no container that is recorded.
func (rt *Runtime) unknownBandwidth() (found []Leftover, err error) {
	err = rt.unbounding(func(_ *bandwidth.Node, left []bandwidth.Known) error {
		for _, l := range left {
			found = append(found, Leftover{"bandwidth", l.String(), func(context.Context) error { return rt.releaseUnknown(l) }})
		}
		return nil
	})
	if errors.Is(err, syscall.EPERM) {
		return nil, nil // who may not see it may not remove it
	}
	return found, err
}

// releaseUnknown looks again: a container may have come meanwhile.
func (rt *Runtime) releaseUnknown(l bandwidth.Known) error {
	return rt.unbounding(func(node *bandwidth.Node, left []bandwidth.Known) error {
		if !slices.ContainsFunc(left, func(k bandwidth.Known) bool { return k.String() == l.String() }) {
			return nil
		}
		return node.Release(rt.root.Installation(), l)
	})
}

// unbounding runs f with what is of no container that is recorded, while none
// comes.
func (rt *Runtime) unbounding(f func(*bandwidth.Node, []bandwidth.Known) error) error {
	here, err := namespaceOf(os.Getpid(), specs.NetworkNamespace)
	if err != nil {
		return err
	}
	return rt.tree.LockedNetwork(func() error {
		node, err := bandwidth.Here()
		if err != nil {
			return err
		}
		defer node.Close()
		all, err := record.List(rt.root)
		if err != nil {
			return err
		}
		var has []bandwidth.Known
		for _, r := range all {
			if r.Network != nil && r.Network.Outside == here {
				has = append(has, known(r.Network))
			}
		}
		left, err := node.Left(rt.root.Installation(), has)
		if err != nil {
			return err
		}
		return f(node, left)
	})
}
