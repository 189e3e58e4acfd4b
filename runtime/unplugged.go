package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"github.com/bulkhead-dev/bulkhead/hooks/network/bandwidth"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// unplugged takes away what bounds a container's network namespace, after its
// record has gone, if no other container is recorded to be in it. It reads no
// policy.
func (rt *Runtime) unplugged(r *record.Record) error {
	b := r.Bandwidth
	if b == nil {
		return nil
	}
	return rt.tree.LockedNetwork(func() error {
		all, err := record.List(rt.root)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(all, func(o *record.Record) bool { return sharesLeaf(o, b) }) {
			return nil
		}
		node, err := nodeOf(b)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went with all that was in it
		}
		if err != nil {
			return err
		}
		defer node.Close()
		return node.Release(rt.root.Installation(), b.Outermost, b.Leaf, interfaces(b))
	})
}

func sharesLeaf(r *record.Record, b *record.Bandwidth) bool {
	return r.Bandwidth != nil && r.Bandwidth.Node == b.Node && r.Bandwidth.Outermost == b.Outermost && r.Bandwidth.Leaf == b.Leaf
}

func interfaces(b *record.Bandwidth) (names []string) {
	for _, e := range b.Ends {
		names = append(names, e.Name)
	}
	return names
}

// nodeOf opens the namespace of a container's ends: this process's own, or that of
// a shim that lives. Its error is fs.ErrNotExist if neither is.
func nodeOf(b *record.Bandwidth) (*bandwidth.Node, error) {
	for _, path := range []string{"/proc/self/ns/net", fmt.Sprintf("/proc/%d/ns/net", b.Shim)} {
		node, err := bandwidth.Open(path)
		if err != nil {
			continue
		}
		if node.Is(b.Node.Device, b.Node.Inode) {
			return node, nil
		}
		if err := node.Close(); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("no process is known in the network namespace of the interfaces: %w", fs.ErrNotExist)
}

// rebound gives the containers that run the limits of bandwidth of the policy in
// force. What became of their interfaces is looked at again.
func (rt *Runtime) rebound(st *tenant.Store) error {
	running, err := rt.running()
	if err != nil {
		return err
	}
	var tenants []string
	for name := range running {
		tenants = append(tenants, name)
	}
	return rt.tree.Locked(tenants, func() error { return rt.tree.LockedNetwork(func() error { return rt.reboundAll(st) }) })
}

func (rt *Runtime) reboundAll(st *tenant.Store) error {
	running, err := rt.running()
	if err != nil {
		return err
	}
	byNode := map[record.Namespace][]*record.Record{}
	for _, records := range running {
		for _, r := range records {
			if r.Bandwidth != nil {
				byNode[r.Bandwidth.Node] = append(byNode[r.Bandwidth.Node], r)
			}
		}
	}
	var errs []error
	for at, records := range byNode {
		errs = append(errs, rt.reboundAt(st, at, records))
	}
	return errors.Join(errs...)
}

func (rt *Runtime) reboundAt(st *tenant.Store, at record.Namespace, records []*record.Record) error {
	i := slices.IndexFunc(records, func(r *record.Record) bool {
		start, err := record.StartTime(r.Bandwidth.Shim)
		return err == nil && start == r.Bandwidth.ShimStartTime
	})
	node, err := nodeOf(records[max(i, 0)].Bandwidth)
	if err != nil {
		return err
	}
	defer node.Close()
	var outermost []string
	var moved []record.Bandwidth
	for _, r := range records {
		line, err := rt.lineOf(st, r)
		if err != nil {
			return err
		}
		if name := line[0].Name; !slices.Contains(outermost, name) {
			outermost = append(outermost, name)
		}
		if r.Bandwidth.Leaf != 0 && r.Bandwidth.Outermost != line[0].Name {
			moved = append(moved, *r.Bandwidth)
		}
		found, _, err := endsOf(node, r)
		if err == nil && !slices.Equal(found, r.Bandwidth.Ends) {
			b := *r.Bandwidth
			b.Ends, r.Bandwidth = found, &b
			err = record.Save(rt.root, r)
		}
		if err != nil && r.Alive() {
			return err
		}
	}
	var errs []error
	for _, name := range outermost {
		errs = append(errs, rt.bound(st, node, at, name, records, nil))
	}
	for _, b := range moved {
		errs = append(errs, node.Release(rt.root.Installation(), b.Outermost, b.Leaf, nil))
	}
	return errors.Join(errs...)
}

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
