package runtime

import (
	"errors"
	"slices"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Wall raises the walls around a container's network, or brings them to the
// interfaces that it has now. It is called before anything of the container
// runs, when engines have plugged its interfaces, and for each that comes later.
// Containers that joined a namespace find the walls of the one that made it.
// Errors are isolator.Denials, or a failure.
func (rt *Runtime) Wall(c Caller) error {
	r, err := record.Load(rt.root, c.Scope(), c.ID)
	if err != nil || r.Exempt {
		return err
	}
	if enforced, _ := rt.enforced(r); !enforced {
		return nil
	}
	err = rt.tree.Locked([]string{r.Tenant}, func() error {
		if r, err = record.Load(rt.root, c.Scope(), c.ID); err != nil {
			return err
		}
		return rt.wall(r)
	})
	if err != nil {
		err = errors.Join(err, rt.auditFailure(c, "start", err))
	}
	return err
}

// wall is Wall for one record.
//
// Preconditions: the tenant's lock is held.
func (rt *Runtime) wall(r *record.Record) error {
	inside, ok := r.NetworkNamespace()
	if !ok {
		return nil // the node's, as the policy allows
	}
	shared, err := rt.sharing(r, inside)
	if err != nil || shared != nil && shared.Network != nil {
		return err
	}
	_, node, p, err := rt.policyFor(r)
	if err != nil {
		return err
	}
	ns, err := networkAt(r.Init(), inside)
	if err != nil {
		return err
	}
	defer ns.Close()
	at, first := r.Network, r.Network == nil
	if first {
		if at, err = hereAsNetwork(r); err != nil {
			return err
		}
	}
	return rt.atNetwork(at, func() error {
		now, err := facts.Read(ns)
		if err != nil {
			return err
		}
		// Later ones may be the container's own, with both ends in it.
		if denials := unwalled(p, now); first && len(denials) > 0 {
			return denials
		}
		if len(now) == 0 && first {
			return nil
		}
		r.Network = at
		at.Interfaces = believed(at.Interfaces, now, ownsInterfaces(r))
		if err := record.Save(rt.root, r); err != nil { // before there is anything of it
			return err
		}
		return rt.raise(r, node, p)
	})
}

// believed are the interfaces as they are now. Of one that has walls already
// everything stays as it was when they were raised, where the container can
// change it: it would take another's address. No address is forgotten: gVisor
// takes them off the interface when it starts.
func believed(before, now []facts.Interface, owns bool) []facts.Interface {
	out := slices.Clone(now)
	for i, n := range out {
		known := slices.IndexFunc(before, func(b facts.Interface) bool { return b.HostIndex == n.HostIndex && b.Host == n.Host })
		switch {
		case known < 0:
		case owns:
			out[i] = before[known]
		default:
			for _, a := range before[known].Addresses {
				if !slices.Contains(out[i].Addresses, a) {
					out[i].Addresses = append(out[i].Addresses, a)
				}
			}
		}
	}
	return out
}

// ownsInterfaces reports whether a process of the container may change its
// interfaces.
func ownsInterfaces(r *record.Record) bool {
	return r.Process == nil || r.Process.Capabilities == nil || slices.Contains(r.Process.Capabilities.Bounding, "CAP_NET_ADMIN")
}

// raise plans and applies the walls of a container, whose record says what it
// is plugged into.
func (rt *Runtime) raise(r *record.Record, node *tenant.Node, p *tenant.Policy) error {
	plan := network.Walls(p, node, network.Facts{Name: rt.wallsName(r), Interfaces: r.Network.Interfaces})
	err := plan.Apply()
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
	return plan.Apply()
}

// unwalled refuses interfaces that no walls can stand at.
func unwalled(p *tenant.Policy, interfaces []facts.Interface) (denials isolator.Denials) {
	if p.Network.Walls == tenant.WallsPreferred {
		return nil
	}
	for _, i := range interfaces {
		if i.Host == "" {
			denials = append(denials, &isolator.Denial{
				Isolator: "network", Path: "interface " + i.Inside, Got: i.Kind + " without an end on this node",
				Want: "one whose other end is here", Allow: "network.walls: Preferred",
			})
		}
	}
	return denials
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

// sharing is a living container that has the same network namespace as another,
// one with walls if there is any, nil if none.
func (rt *Runtime) sharing(r *record.Record, ns record.Namespace) (*record.Record, error) {
	others, err := rt.others(r.Scope, r.ID)
	if err != nil {
		return nil, err
	}
	var found *record.Record
	for _, o := range others {
		if has, ok := o.NetworkNamespace(); ok && has == ns && holds(o, ns) && (found == nil || found.Network == nil) {
			found = o
		}
	}
	return found, nil
}
