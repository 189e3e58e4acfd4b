package runtime

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/bulkhead-dev/bulkhead/hooks/network/bandwidth"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

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
	for _, records := range byNode {
		errs = append(errs, rt.reboundAt(st, records))
	}
	return errors.Join(errs...)
}

// reboundAt is for those whose interfaces' ends are in one namespace.
func (rt *Runtime) reboundAt(st *tenant.Store, records []*record.Record) error {
	families := map[string][]*record.Record{}
	any := false
	for _, r := range records {
		line, err := rt.lineOf(st, r)
		if err != nil {
			return err
		}
		families[line[0].Name] = append(families[line[0].Name], r)
		any = any || bounded(line)
	}
	node, err := nodeOf(living(records))
	if err != nil {
		if !any && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	defer node.Close()
	has, err := node.Has(rt.root.Installation())
	if err != nil || !any && !has {
		return err
	}
	var moved []record.Bandwidth
	var errs []error
	for outermost, family := range families {
		for _, r := range family {
			if r.Bandwidth.Leaf != 0 && r.Bandwidth.Outermost != outermost {
				moved = append(moved, *r.Bandwidth)
			}
			errs = append(errs, rt.look(node, r))
		}
		errs = append(errs, rt.bound(st, node, family, nil))
	}
	for _, b := range moved {
		errs = append(errs, node.Release(rt.root.Installation(), b.Outermost, b.Leaf, nil))
	}
	return errors.Join(errs...)
}

// living is where the interfaces of some containers end, by one whose shim lives
// if there is one.
func living(records []*record.Record) *record.Bandwidth {
	for _, r := range records {
		if start, err := record.StartTime(r.Bandwidth.Shim); err == nil && start == r.Bandwidth.ShimStartTime {
			return r.Bandwidth
		}
	}
	return records[0].Bandwidth
}

// look notes the interfaces that a container has by now.
func (rt *Runtime) look(node *bandwidth.Node, r *record.Record) error {
	found, _, err := endsOf(node, r)
	if err == nil && !slices.Equal(found, r.Bandwidth.Ends) {
		b := *r.Bandwidth
		b.Ends, r.Bandwidth = found, &b
		err = record.Save(rt.root, r)
	}
	if !r.Alive() {
		return nil
	}
	return err
}
