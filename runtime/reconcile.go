package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"

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

// Check reports what would keep the limits of these tenants from holding for
// what runs: a limit below what is in use (*cgroup.TooLow), or one that this
// node cannot set (cgroup.ErrUnsupported). It changes nothing.
func (rt *Runtime) Check(tenants map[string]*tenant.Policy) error {
	running, err := rt.running()
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(running)) {
		if p := tenants[name]; p != nil && hasCgroup(running[name]) {
			errs = append(errs, cgroup.Check(rt.root, p))
		}
	}
	return errors.Join(errs...)
}

// Reconcile gives every running container and tenant the limits of the policy
// in force. A tenant has all of its new limits or all of its old ones; the
// error then says why. Tenants that the policy no longer has keep their limits.
func (rt *Runtime) Reconcile(ctx context.Context) ([]Reconciled, error) {
	st, err := tenant.Open(rt.root)
	if err != nil {
		return nil, err
	}
	running, err := rt.running()
	if err != nil {
		return nil, err
	}
	var done []Reconciled
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(running)) {
		p, err := st.Tenant(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			var d Reconciled
			d, err = rt.reconcileTenant(ctx, p)
			done = append(done, d)
		}
		errs = append(errs, err)
	}
	return done, errors.Join(errs...)
}

func (rt *Runtime) reconcileTenant(ctx context.Context, p *tenant.Policy) (Reconciled, error) {
	d := Reconciled{Tenant: p.Name}
	err := cgroup.Locked(rt.root, p.Name, func() error {
		running, err := rt.running() // again: it may have changed before the lock was taken
		if err != nil {
			return err
		}
		d.Running = len(running[p.Name])
		return cgroup.Apply(rt.root, p, func() error {
			d.Containers, err = rt.updateAll(ctx, running[p.Name])
			return err
		})
	})
	return d, err
}

// updateAll gives each container the resources that the policy in force has for
// it, or none of them: on a failure those before it get their old ones back.
func (rt *Runtime) updateAll(ctx context.Context, containers []*record.Record) (int, error) {
	changed := 0
	var undo []func() error
	for _, r := range containers {
		full, err := rt.resourcesInForce(r)
		if err == nil && reflect.DeepEqual(full, r.Resources) {
			continue
		}
		old := r.Resources
		if err == nil {
			err = rt.setResources(ctx, r, full)
		}
		if err != nil {
			for _, back := range undo {
				err = errors.Join(err, back())
			}
			return 0, fmt.Errorf("container %s: %w", r.ID, err)
		}
		undo = append(undo, func() error { return rt.setResources(ctx, r, old) })
		changed++
	}
	return changed, nil
}

// resourcesInForce is what the policy in force makes of all that the engine
// asked for the container.
func (rt *Runtime) resourcesInForce(r *record.Record) (*specs.LinuxResources, error) {
	cs, _, err := rt.runningCase(r)
	if err != nil {
		return nil, err
	}
	full, res, err := spec.RewriteUpdate(cs, new(specs.LinuxResources))
	if err == nil && len(res.Denials) > 0 {
		err = res.Denials
	}
	return full, err
}

// setResources changes a running container through its delegate, which keeps
// its own account of them, and the record.
func (rt *Runtime) setResources(ctx context.Context, r *record.Record, to *specs.LinuxResources) error {
	sent, err := spec.Lift(r.Resources, to)
	if err != nil {
		return err
	}
	data, err := json.Marshal(sent)
	if err != nil {
		return err
	}
	if _, err := rt.run(ctx, DelegateEnv, data, r.Delegate, "--root", r.StateRoot, "update", "--resources", "-", r.ID); err != nil {
		return err
	}
	r.Resources = to
	return record.Save(rt.root, r)
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

func hasCgroup(containers []*record.Record) bool {
	return slices.ContainsFunc(containers, func(r *record.Record) bool { return r.TenantCgroup != "" })
}
