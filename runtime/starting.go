package runtime

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/hooks/network/bandwidth"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Bound makes the limits of bandwidth hold for a container that has its
// interfaces and does not run yet. An error keeps it from starting. A container
// that joins another's network namespace has what that has.
func (rt *Runtime) Bound(scope, id string) error {
	r, err := record.Load(rt.root, scope, id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	network, known := r.NetworkNamespace()
	if !r.Enforced || known && isHost(network) {
		return nil
	}
	_, line, err := rt.lineInForce(r)
	if err != nil {
		return err
	}
	if !known {
		if bounded(line) {
			return fmt.Errorf("the network namespace of container %s is not known, so nothing would bound its bandwidth", id)
		}
		return nil
	}
	return rt.tree.Locked(append(names(line), r.Tenant), func() error {
		return rt.tree.LockedNetwork(func() error {
			st, line, err := rt.lineInForce(r) // again: an apply finds it from now on
			if err != nil {
				return err
			}
			return rt.plugged(st, line, r, network)
		})
	})
}

func (rt *Runtime) lineInForce(r *record.Record) (*tenant.Store, []*tenant.Policy, error) {
	st, err := tenant.Open(rt.root)
	if err != nil {
		return nil, nil, err
	}
	line, err := rt.lineOf(st, r)
	return st, line, err
}

func names(line []*tenant.Policy) (all []string) {
	for _, p := range line {
		all = append(all, p.Name)
	}
	return all
}

func (rt *Runtime) plugged(st policies, line []*tenant.Policy, r *record.Record, network record.Namespace) error {
	shared := false
	err := rt.ofTenant(r.Tenant, func(other *record.Record) bool {
		n, known := other.NetworkNamespace()
		shared = known && n == network && other.Bandwidth != nil && other.Alive() && (other.Scope != r.Scope || other.ID != r.ID)
		if shared {
			r.Bandwidth = other.Bandwidth
		}
		return shared
	})
	if err != nil {
		return err
	}
	if shared {
		return record.Save(rt.root, r)
	}
	node, err := bandwidth.Open("/proc/self/ns/net")
	if err != nil {
		return err
	}
	defer node.Close()
	if r.Bandwidth, err = ends(node, r, os.Getpid()); err != nil {
		return err
	}
	var outside []string
	if r.Bandwidth.Ends, outside, err = endsOf(node, r); err != nil {
		return err
	}
	if bounded(line) && len(outside) > 0 && line[len(line)-1].Network.Walls != tenant.WallsPreferred {
		return isolator.Denials{{
			Isolator: "bandwidth", Path: "interface " + strings.Join(outside, ", "),
			Got: "one that has no end on the node", Want: "a veth, whose traffic limits.bandwidth can bound", Allow: "network.walls",
		}}
	}
	beside, err := rt.oneOfEach(append(slices.Clone(line[0].Below), line[0].Name), r)
	if err != nil {
		return err
	}
	return rt.bound(st, node, append(beside, r), r)
}

// oneOfEach is a container beside another of each tenant of a family, by which
// the tenant's classes are found. Those that an apply has not moved yet, to
// another outermost tenant, are left out.
func (rt *Runtime) oneOfEach(tenants []string, beside *record.Record) (all []*record.Record, err error) {
	for _, name := range tenants {
		err = errors.Join(err, rt.ofTenant(name, func(r *record.Record) bool {
			b := r.Bandwidth
			found := b != nil && b.Leaf != 0 && b.Outermost == tenants[len(tenants)-1] && b.Node == beside.Bandwidth.Node && (r.Scope != beside.Scope || r.ID != beside.ID)
			if found {
				all = append(all, r)
			}
			return found
		}))
	}
	return all, err
}

// ofTenant calls f for each of a tenant's own records until it is enough.
func (rt *Runtime) ofTenant(name string, f func(*record.Record) (enough bool)) error {
	enough := false
	var errs []error
	for _, k := range []record.Kind{record.Own, record.Pod} {
		errs = append(errs, record.OfTenant(rt.root, name, k, func(r *record.Record) bool {
			enough = enough || f(r)
			return enough
		}))
	}
	return errors.Join(errs...)
}
