package runtime

import (
	"context"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
)

// Update decides new resources of a running container and hands them to set,
// which gives them to the delegate. What is set is the full set of resources,
// the recorded ones merged with the update, within the tenant. The record
// follows only when set succeeded.
func (rt *Runtime) Update(ctx context.Context, c Caller, update *specs.LinuxResources, set func(*specs.LinuxResources) error) error {
	scope := record.Scope(c.Namespace)
	r, err := record.Load(rt.root, scope, c.ID)
	if err != nil {
		return err
	}
	if r.Exempt {
		return set(update)
	}
	// The lock keeps two updates, and an update and an apply, from mixing.
	return rt.tree.Locked([]string{r.Tenant}, func() error {
		if r, err = record.Load(rt.root, scope, c.ID); err != nil {
			return err
		}
		cs, version, err := rt.runningCase(r)
		if err != nil {
			return err
		}
		full, res, err := spec.RewriteUpdate(cs, update)
		if err != nil {
			return err
		}
		if err := record.Append(rt.root, cs.Node.AuditLog, entry(c, "update", r.Tenant, version, r.Enforced, res)); err != nil {
			return err
		}
		if !r.Enforced {
			return set(update)
		}
		if len(res.Denials) > 0 {
			return res.Denials
		}
		sent, err := spec.Lift(r.Resources, full)
		if err != nil {
			return err
		}
		if err := set(sent); err != nil {
			return err
		}
		r.Resources = full
		if r.Asked, err = spec.Merge(r.Asked, update); err != nil {
			return err
		}
		return record.Save(rt.root, r)
	})
}
