package runtime

import (
	"errors"
	"slices"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// raise plans the walls of a container, whose record says what it is plugged
// into, and applies them together with other rules.
func (rt *Runtime) raise(r *record.Record, node *tenant.Node, p *tenant.Policy, more nft.Script) error {
	plan := network.Walls(p, node, network.Facts{Name: rt.wallsName(r), Interfaces: r.Network.Interfaces})
	err := plan.Apply(more)
	var taken *network.Taken
	if !errors.As(err, &taken) {
		return err
	}
	all, unread := record.List(rt.root)
	if unread != nil || slices.ContainsFunc(all, func(o *record.Record) bool {
		return o.Network != nil && o.Committed() && rt.wallsName(o).Key() == taken.Key
	}) {
		return errors.Join(err, unread)
	}
	// The other has ended, and its engine gave its address away before it
	// deleted it.
	if err := network.Remove(rt.root.Installation(), taken.Key); err != nil {
		return err
	}
	return plan.Apply(more)
}

// wallsName is what the names of a container's walls derive from.
//
// Preconditions: it has walls.
func (rt *Runtime) wallsName(r *record.Record) network.Name {
	return network.Name{Installation: rt.root.Installation(), Tenant: r.Tenant, Scope: r.Network.Scope, ID: r.Network.ID}
}

// atNetwork runs f where a container's walls stand, while no other process of
// the installation changes any.
func (rt *Runtime) atNetwork(n *record.Network, f func() error) error {
	ns, err := beyond(n)
	if err != nil {
		return err
	}
	defer ns.Close()
	return rt.tree.LockedNetwork(func() error { return namespace.In(int(ns.Fd()), f) })
}

// sharing is a living container of the same tenant that has the same network
// namespace as another, one with walls if there is any, nil if none.
func (rt *Runtime) sharing(r *record.Record, ns record.Namespace) (found *record.Record, err error) {
	err = rt.ofTenant(r.Tenant, func(o *record.Record) bool {
		if has, ok := o.NetworkNamespace(); ok && has == ns && holds(o, ns) && (o.Scope != r.Scope || o.ID != r.ID) && (found == nil || found.Network == nil) {
			found = o
		}
		return found != nil && found.Network != nil
	})
	return found, err
}
