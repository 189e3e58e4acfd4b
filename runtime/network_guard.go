package runtime

import (
	"errors"
	"os"
	"slices"

	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/guard"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// guarded is what a guard may let through, when the interfaces that have an end
// on the node have their walls. What a tenant's containers may have decides, not
// what this one has: others can join its network.
func guarded(p *tenant.Policy, now []facts.Interface, others []int) guard.Facts {
	makes, raw := isolator.MayHave(p, "CAP_NET_ADMIN"), isolator.MayHave(p, "CAP_NET_RAW")
	f := guard.Facts{Known: slices.Clone(others), Neighbours: !makes && !raw, Raw: raw && !makes}
	for _, i := range now {
		if i.Host == "" && p.Network.Walls != tenant.WallsPreferred && !(makes && slices.Contains(tunnels, i.Kind)) {
			continue // no walls can stand at it, so it stays closed
		}
		f.Known = append(f.Known, i.Index)
		for _, a := range i.Gateways {
			if !slices.Contains(f.Gateways, a) {
				f.Gateways = append(f.Gateways, a)
			}
		}
	}
	return f
}

// guardPlanned is a guard as it is raised on this kernel.
func guardPlanned(p *tenant.Policy, interfaces []facts.Interface) string {
	const loopback = 1
	return guard.Plan(guarded(p, interfaces, []int{loopback})).String()
}

// tunnels are kinds of interfaces that a container makes for itself, and that
// send by a process or a socket in the same namespace, though nothing shows it.
var tunnels = []string{"tun", "wireguard"}

// close brings the guard to what is known, or raises it where there is none.
func (w *Watch) close(ns *os.File, f guard.Facts) (err error) {
	if w == nil {
		return nil // nobody would open it
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.ended:
		return nil
	case w.guard != nil:
		return w.guard.Follow(f)
	}
	w.guard, err = guard.Raise(ns, f)
	return err
}

// open takes the guard away, of a container that nothing is enforced for now.
func (w *Watch) open() error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.guard == nil {
		return nil
	}
	err := w.guard.Remove()
	w.guard = nil
	return err
}

// End takes the guard away, and lets go of the container's network namespace. A
// guard stays for others of the namespace, whose watch takes it over with the
// walls. It may be called twice.
func (w *Watch) End() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return nil
	}
	w.ended = true
	var err error
	if w.guard != nil {
		if w.othersLive() {
			w.guard.Leave()
		} else {
			err = w.guard.Remove()
		}
		w.guard = nil
	}
	if w.ns != nil {
		err = errors.Join(err, w.ns.Close())
	}
	return err
}

// othersLive reports whether other containers have the same network namespace.
func (w *Watch) othersLive() bool {
	r, err := record.Load(w.rt.root, w.c.Scope(), w.c.ID)
	if err != nil {
		return false
	}
	inside, ok := r.NetworkNamespace()
	if !ok {
		return false
	}
	other, err := w.rt.sharing(r, inside)
	return err == nil && other != nil
}
