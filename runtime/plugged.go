package runtime

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Plugged raises the walls around what a container has been plugged into and
// bounds its bandwidth, or brings both to the interfaces that it has now. It is
// called before anything of the container runs, when engines have plugged its
// interfaces, and for each that comes later. Containers that joined a namespace
// find what stands around it. Errors are isolator.Denials, or a failure.
func (rt *Runtime) Plugged(c Caller) error { return rt.plug(c, nil) }

// plug is Plugged, and then brings the guard inside, where a watch holds one, to
// what has walls now.
func (rt *Runtime) plug(c Caller, w *Watch) error {
	r, err := record.Load(rt.root, c.Scope(), c.ID)
	if err != nil {
		return err
	}
	if enforced, _ := rt.enforced(r); r.Exempt || !enforced {
		return w.open()
	}
	_, _, p, err := rt.policyFor(r)
	if err != nil {
		return err
	}
	// Those above it too: they have the limits that it shares.
	err = rt.tree.Locked(append(slices.Clone(p.Ancestors), r.Tenant), func() error {
		if r, err = record.Load(rt.root, c.Scope(), c.ID); err != nil {
			return err
		}
		return rt.plugged(r, w)
	})
	if err != nil {
		err = errors.Join(err, rt.auditFailure(c, "start", err))
	}
	return err
}

// plugged is Plugged for one record.
//
// Preconditions: the locks of its tenant and of those above it are held.
func (rt *Runtime) plugged(r *record.Record, w *Watch) error {
	st, node, p, err := rt.policyFor(r) // again: an apply finds the container from now on
	if err != nil {
		return err
	}
	inside, ok := r.NetworkNamespace()
	if !ok {
		return rt.unbounded(st, r) // the node's, as the policy allows
	}
	first := r.Network == nil
	var shared *record.Record
	if first && r.JoinsNetwork {
		if shared, err = rt.sharing(r, inside); err != nil || shared != nil && shared.Network != nil {
			return err
		}
	}
	ns, err := networkAt(r.Init(), inside)
	if err != nil {
		return err
	}
	defer ns.Close()
	at := r.Network
	if first {
		if at, err = hereAsNetwork(r); err != nil {
			return err
		}
	}
	return rt.atNetwork(at, func() error {
		now, others, err := facts.Look(ns)
		if err != nil {
			return err
		}
		// Later ones may be the container's own, with both ends in it.
		if denials := unwalled(p, now); first && len(denials) > 0 {
			return denials
		}
		guard := func() error { return w.close(ns, guarded(p, now, others)) }
		if len(now) == 0 && first {
			if shared != nil {
				return nil // it has the guard
			}
			return guard()
		}
		if !first && ownsInterfaces(r) {
			doubt(at.Interfaces, now)
		}
		r.Network = at
		at.Interfaces = believed(at.Interfaces, now, ownsInterfaces(r))
		if err := record.Save(rt.root, r); err != nil { // before there is anything of it
			return err
		}
		if first { // nothing runs yet that could tell which was faster
			return both(func() error { return rt.enclose(st, r, node, p) }, guard)
		}
		if err := rt.enclose(st, r, node, p); err != nil {
			return err
		}
		return guard()
	})
}

// enclose raises the walls around what a container's record says of its network,
// and bounds its bandwidth.
func (rt *Runtime) enclose(st policies, r *record.Record, node *tenant.Node, p *tenant.Policy) error {
	bandwidth, err := rt.join(st, r)
	if err != nil {
		return err
	}
	return rt.raise(r, node, p, bandwidth)
}

// both runs two steps at once, the first on the calling thread.
func both(here, beside func() error) error {
	done := make(chan error, 1)
	go func() { done <- beside() }()
	return errors.Join(here(), <-done)
}

// unbounded refuses a limit of bandwidth to who has the node's own network.
func (rt *Runtime) unbounded(st policies, r *record.Record) error {
	line, err := rt.lineOf(st, r)
	if err == nil && bounded(line) {
		err = fmt.Errorf("container %s has no network namespace of its own, so nothing would bound its bandwidth", r.ID)
	}
	return err
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
			out[i].Bridge = n.Bridge // the node's side
			if !settled(before[known]) {
				out[i] = n
				out[i].Addresses = n.Plausible()
			}
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

// settled reports that an engine had set all of an interface when it was seen: its
// hardware address, its addresses, and last that it is up.
func settled(i facts.Interface) bool {
	return i.Up && slices.ContainsFunc(i.Addresses, func(a netip.Addr) bool { return !a.IsLinkLocalUnicast() })
}

// doubt takes from interfaces that came while the container ran what their bridge
// shows to be another's. The container could give them addresses before they were
// looked at.
func doubt(before, now []facts.Interface) {
	for i, n := range now {
		if !slices.ContainsFunc(before, func(b facts.Interface) bool { return b.HostIndex == n.HostIndex && b.Host == n.Host }) {
			now[i].Addresses = n.Plausible()
		}
	}
}

// ownsInterfaces reports whether a process of the container may change its
// interfaces.
func ownsInterfaces(r *record.Record) bool {
	return r.Process == nil || r.Process.Capabilities == nil || slices.Contains(r.Process.Capabilities.Bounding, "CAP_NET_ADMIN")
}
