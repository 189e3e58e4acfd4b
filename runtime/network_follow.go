package runtime

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/bulkhead-dev/bulkhead/hooks/network/bandwidth"
	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// rewall brings the walls around a tenant's running containers to a policy.
// Connections that it allows live on. An interface without walls is not
// refused here: that is for new containers.
//
// Preconditions: the tenant's lock is held.
func (rt *Runtime) rewall(node *tenant.Node, p *tenant.Policy, running []*record.Record) error {
	var errs []error
	for _, r := range running {
		if r.Network == nil {
			continue
		}
		err := rt.atNetwork(r.Network, func() error {
			interfaces, err := facts.Again(r.Network.Interfaces)
			if err != nil {
				return err
			}
			r.Network.Interfaces = interfaces
			return rt.raise(r, node, p, nil)
		})
		if !errors.Is(err, fs.ErrNotExist) { // it has just ended
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// rebound gives the containers that run the limits of bandwidth of the policy in
// force.
func (rt *Runtime) rebound(st *tenant.Store) error {
	running, err := rt.running()
	if err != nil {
		return err
	}
	var tenants []string
	for name := range running {
		tenants = append(tenants, name)
	}
	return rt.tree.Locked(tenants, func() error { return rt.reboundAll(st) })
}

func (rt *Runtime) reboundAll(st *tenant.Store) error {
	running, err := rt.running()
	if err != nil {
		return err
	}
	byNode := map[record.Namespace][]*record.Record{}
	for _, records := range running {
		for _, r := range records {
			if r.Network != nil {
				byNode[r.Network.Outside] = append(byNode[r.Network.Outside], r)
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
	limited := false
	for _, r := range records {
		line, err := rt.lineOf(st, r)
		if err != nil {
			return err
		}
		families[line[0].Name] = append(families[line[0].Name], r)
		limited = limited || bounded(line)
	}
	known := slices.IndexFunc(records, func(r *record.Record) bool { return r.Network.Witness.Alive() })
	err := rt.atNetwork(records[max(known, 0)].Network, func() error { return rt.reboundHere(st, families, limited) })
	if !limited && errors.Is(err, fs.ErrNotExist) {
		return nil // it went with all that was in it
	}
	return err
}

func (rt *Runtime) reboundHere(st *tenant.Store, families map[string][]*record.Record, limited bool) error {
	node, err := bandwidth.Here()
	if err != nil {
		return err
	}
	defer node.Close()
	has, err := node.Has(rt.root.Installation())
	if err != nil || !limited && !has {
		return err
	}
	var moved []bandwidth.Known
	var errs []error
	for outermost, family := range families {
		for _, r := range family {
			if r.Network.Leaf != 0 && r.Network.Outermost != outermost {
				moved = append(moved, bandwidth.Known{Outermost: r.Network.Outermost, Leaf: r.Network.Leaf})
			}
		}
		f, leaves, err := rt.family(st, node, family)
		if err == nil {
			err = node.Bound(f, leaves)
		}
		errs = append(errs, err)
	}
	for _, k := range moved {
		errs = append(errs, node.Release(rt.root.Installation(), k))
	}
	return errors.Join(errs...)
}
