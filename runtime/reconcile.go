package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sort"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
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
	branches, err := rt.branches()
	if err != nil {
		return err
	}
	running, err := rt.running()
	if err != nil {
		return err
	}
	_, err = rt.tree.CPUs(node) // or no container of anybody would start
	errs := []error{err}
	for _, b := range branches {
		b.walk(func(b *branch) {
			p := tenants[b.name]
			if p == nil {
				return
			}
			of, err := rt.cgroupTenant(policyMap(tenants), node, p)
			if err == nil {
				err = rt.tree.Check(of)
			}
			if err == nil {
				err = rt.containersFit(node, p, running[p.Name])
			}
			var low *cgroup.TooLow
			if !squeeze || !errors.As(err, &low) {
				errs = append(errs, err)
			}
		})
	}
	return errors.Join(errs...)
}

// containersFit reports the containers of a tenant that use more memory than a
// policy would leave them.
func (rt *Runtime) containersFit(node *tenant.Node, p *tenant.Policy, running []*record.Record) error {
	machine, err := rt.facts()
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range running {
		cs := rt.caseOf(r, node, p, machine)
		if err := rt.resourceFacts(&cs.Facts, node, p); err != nil {
			return err
		}
		full, res, err := spec.RewriteUpdate(cs, new(specs.LinuxResources))
		if err == nil && len(res.Denials) > 0 {
			err = res.Denials
		}
		if err == nil {
			err = rt.tree.ContainerFits(p.Name, r.ID, r.Cgroup, r.Resources, full, false)
		}
		if err != nil && r.Alive() {
			errs = append(errs, err)
		}
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
	branches, err := rt.branches()
	if err != nil {
		return nil, err
	}
	if err := rt.tree.NoteCPUs(c.node); err != nil {
		return nil, err
	}
	var done []Reconciled
	c.policies = st
	c.done = func(d Reconciled) { done = append(done, d) }
	var errs []error
	for _, b := range branches {
		errs = append(errs, rt.tree.Locked(b.names(), func() error { return rt.reconcile(ctx, c, b) }))
	}
	errs = append(errs, rt.rebound(st))
	sort.Slice(done, func(i, j int) bool { return done[i].Tenant < done[j].Tenant })
	return done, errors.Join(errs...)
}

// reconcile gives a tenant its limits, and within that those below it theirs:
// after its own where they rise, before where they fall. What it did to some
// before it failed for another is not undone here: a policy that could not be
// applied is followed by the one before it.
//
// Preconditions: the locks of the tenant and of all below it are held.
func (rt *Runtime) reconcile(ctx context.Context, c Change, b *branch) error {
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
	d := Reconciled{Tenant: p.Name}
	err = rt.tree.Apply(of, func() error {
		running, err := rt.running() // again: it may have changed before the locks were taken
		if err != nil {
			return err
		}
		d.Running = len(running[p.Name])
		if d.Containers, err = rt.updateAll(ctx, running[p.Name], c); err != nil {
			return err
		}
		if err := rt.rewall(c.node, p, running[p.Name]); err != nil {
			return err
		}
		return rt.reconcileBelow(ctx, c, b)
	})
	if err == nil {
		c.done(d)
	}
	return err
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

// names are its tenants, whose locks are taken together.
func (b *branch) names() (names []string) {
	b.walk(func(b *branch) { names = append(names, b.name) })
	return names
}

// branches are the outermost tenants of what runs, or is being made, by where
// their cgroups are; one that runs in pods only stands alone.
func (rt *Runtime) branches() ([]*branch, error) {
	records, err := record.List(rt.root)
	if err != nil {
		return nil, err
	}
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
	var inPods []string
	for _, r := range records {
		switch {
		case !r.Enforced || !r.Committed():
		case r.TenantCgroup != "":
			add(rt.tree.Names(r.TenantCgroup))
			inPods = append(inPods, r.Tenant) // also where its place is not this installation's
		default:
			inPods = append(inPods, r.Tenant)
		}
	}
	for _, name := range inPods {
		add([]string{name})
	}
	sort.Slice(roots, func(i, j int) bool { return roots[i].name < roots[j].name })
	return roots, nil
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
