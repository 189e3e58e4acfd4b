package runtime

import (
	"context"
	"errors"
	"slices"
	"syscall"

	"github.com/bulkhead-dev/bulkhead/hooks/network/bandwidth"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// unknownBandwidth is what is in this process's network namespace of the
// installation and of no container that is recorded.
func (rt *Runtime) unknownBandwidth() (found []Leftover, err error) {
	err = rt.unknown(func(_ *bandwidth.Node, left []bandwidth.Known) error {
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
	return rt.unknown(func(node *bandwidth.Node, left []bandwidth.Known) error {
		if !slices.ContainsFunc(left, func(k bandwidth.Known) bool { return k.String() == l.String() }) {
			return nil
		}
		return node.Release(rt.root.Installation(), l.Outermost, l.Leaf, l.Interfaces)
	})
}

func (rt *Runtime) unknown(f func(*bandwidth.Node, []bandwidth.Known) error) error {
	node, err := bandwidth.Open("/proc/self/ns/net")
	if err != nil {
		return err
	}
	defer node.Close()
	return rt.tree.LockedNetwork(func() error {
		all, err := record.List(rt.root)
		if err != nil {
			return err
		}
		var known []bandwidth.Known
		for _, r := range all {
			if b := r.Bandwidth; b != nil && node.Is(b.Node.Device, b.Node.Inode) {
				known = append(known, bandwidth.Known{Outermost: b.Outermost, Leaf: b.Leaf, Interfaces: interfaces(b)})
			}
		}
		left, err := node.Left(rt.root.Installation(), known)
		if err != nil {
			return err
		}
		return f(node, left)
	})
}
