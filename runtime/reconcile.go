package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sort"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Reconciled says what a change of policy did to one tenant that runs.
type Reconciled struct {
	Tenant     string
	Containers int // that have other limits now
	Running    int
}

// Change says how a policy is brought to what runs.
type Change struct {
	Squeeze  bool                // apply limits below what is in use, as far as nothing is killed
	Progress func(done, all int) // told of containers, nil: nobody asks
	done     func(d Reconciled)
	policies policies
	node     *tenant.Node
}

// Check reports what would keep the limits of these tenants from holding for
// what runs: a limit below what is in use (*cgroup.TooLow), or one that this
// node cannot set (cgroup.ErrUnsupported). It changes nothing.
func (rt *Runtime) Check(node *tenant.Node, tenants map[string]*tenant.Policy, squeeze bool) error {
	running, err := rt.running()
	if err != nil {
		return err
	}
	var errs []error
	for _, b := range branches(rt.tree, running) {
		b.walk(func(b *branch) {
			p := tenants[b.name]
			if p == nil {
				return
			}
			of, err := rt.cgroupTenant(policyMap(tenants), node, p)
			if err == nil {
				err = rt.tree.Check(of)
			}
			var low *cgroup.TooLow
			if !squeeze || !errors.As(err, &low) {
				errs = append(errs, err)
			}
		})
	}
	return errors.Join(errs...)
}

// policyMap are the tenants of a policy that is not in force.
type policyMap map[string]*tenant.Policy

func (m policyMap) Tenant(name string) (*tenant.Policy, error) {
	if p := m[name]; p != nil {
		return p, nil
	}
	return nil, fs.ErrNotExist
}

// Reconcile gives every running container and tenant the limits of the policy
// in force. A tenant has all of its new limits or all of its old ones; the
// error then says why. Tenants that the policy no longer has keep their limits.
func (rt *Runtime) Reconcile(ctx context.Context, c Change) ([]Reconciled, error) {
	st, err := tenant.Open(rt.root)
	if err != nil {
		return nil, err
	}
	if c.node, err = st.Node(); err != nil {
		return nil, err
	}
	running, err := rt.running()
	if err != nil {
		return nil, err
	}
	var done []Reconciled
	c.policies = st
	c.done = func(d Reconciled) { done = append(done, d) }
	var errs []error
	for _, b := range branches(rt.tree, running) {
		errs = append(errs, rt.reconcile(ctx, c, b))
	}
	sort.Slice(done, func(i, j int) bool { return done[i].Tenant < done[j].Tenant })
	return done, errors.Join(errs...)
}

// reconcile gives a tenant its limits, and within that those below it theirs:
// after its own where they rise, before where they fall. All locks are held
// from the outermost on, as everybody takes them.
func (rt *Runtime) reconcile(ctx context.Context, c Change, b *branch) error {
	return rt.tree.Locked([]string{b.name}, func() error {
		p, err := c.policies.Tenant(b.name)
		if errors.Is(err, fs.ErrNotExist) {
			return rt.reconcileBelow(ctx, c, b)
		}
		if err != nil {
			return err
		}
		of, err := rt.cgroupTenant(c.policies, c.node, p)
		if err != nil {
			return err
		}
		if c.Squeeze {
			if err := rt.tree.Squeeze(of); err != nil {
				return fmt.Errorf("set the limits of tenant %s: %w", p.Name, err)
			}
		}
		return rt.tree.Apply(of, func() error {
			running, err := rt.running() // again: it may have changed before the lock was taken
			if err != nil {
				return err
			}
			d := Reconciled{Tenant: p.Name, Running: len(running[p.Name])}
			d.Containers, err = rt.updateAll(ctx, running[p.Name], c.Progress)
			if err != nil {
				return err
			}
			c.done(d)
			return rt.reconcileBelow(ctx, c, b)
		})
	})
}

func (rt *Runtime) reconcileBelow(ctx context.Context, c Change, b *branch) error {
	for _, child := range b.below {
		if err := rt.reconcile(ctx, c, child); err != nil {
			return err
		}
	}
	return nil
}

// branch is a tenant with something running in it or below it.
type branch struct {
	name  string
	below []*branch
}

func (b *branch) walk(f func(*branch)) {
	f(b)
	for _, child := range b.below {
		child.walk(f)
	}
}

// branches are the outermost tenants of what runs, by where their cgroups are;
// one that runs in pods only stands alone.
func branches(tree *cgroup.Tree, running map[string][]*record.Record) []*branch {
	var roots []*branch
	all := map[string]*branch{}
	add := func(names []string) {
		var up *branch
		for _, name := range names {
			b := all[name]
			if b == nil {
				b = &branch{name: name}
				all[name] = b
				if up == nil {
					roots = append(roots, b)
				} else {
					up.below = append(up.below, b)
				}
			}
			up = b
		}
	}
	names := slices.Sorted(maps.Keys(running))
	for _, name := range names {
		for _, r := range running[name] {
			if r.TenantCgroup != "" {
				add(tree.Names(r.TenantCgroup))
			}
		}
	}
	for _, name := range names {
		add([]string{name})
	}
	return roots
}

// running returns the living, enforced containers by tenant.
func (rt *Runtime) running() (map[string][]*record.Record, error) {
	all, err := record.List(rt.root)
	if err != nil {
		return nil, err
	}
	by := map[string][]*record.Record{}
	for _, r := range all {
		if r.Enforced && r.Alive() {
			by[r.Tenant] = append(by[r.Tenant], r)
		}
	}
	return by, nil
}
