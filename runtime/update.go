package runtime

import (
	"context"
	"errors"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// Update decides new resources of a running container and hands them to set,
// which gives them to the delegate. What is set is the full set of resources,
// the recorded ones merged with the update, within the tenant. The record
// follows only when set succeeded.
func (rt *Runtime) Update(ctx context.Context, c Caller, update *specs.LinuxResources, set func(*specs.LinuxResources) error) error {
	scope := c.Scope()
	r, err := record.Load(rt.root, scope, c.ID)
	if err != nil {
		return err
	}
	if r.Exempt {
		return set(update)
	}
	locks, err := rt.updateLocks(r)
	if err != nil {
		return err
	}
	return rt.tree.Locked(locks, func() error {
		if r, err = record.Load(rt.root, scope, c.ID); err != nil {
			return err
		}
		cs, version, err := rt.resourcesCase(r)
		if err != nil {
			return err
		}
		full, res, err := spec.RewriteUpdate(cs, update)
		if err != nil {
			return err
		}
		enforced, glass := rt.enforced(r)
		if glass != nil {
			e := under(glass, entry(c, "update", r.Tenant, version, enforced, res))
			if err := record.Append(rt.root, cs.Node.AuditLog, e); err != nil {
				return err
			}
			return rt.updateAsAsked(r, update, set)
		}
		resized, total, err := rt.resize(r, full)
		if err != nil {
			return errors.Join(err, resized.undo())
		}
		refused, reported := noRoom(cs.Node, total)
		res.Denials = append(res.Denials, refused...)
		e := reporting(entry(c, "update", r.Tenant, version, enforced, res), reported)
		if err := record.Append(rt.root, cs.Node.AuditLog, e); err != nil {
			return errors.Join(err, resized.undo())
		}
		if !enforced {
			return set(update)
		}
		if len(res.Denials) > 0 {
			return joined(res.Denials, resized.undo())
		}
		sent, err := spec.Lift(r.Resources, full)
		if err == nil {
			err = rt.setSandbox(r, full, func() error { return set(sent) })
		}
		if err != nil {
			return errors.Join(err, resized.undo())
		}
		r.Resources = full
		if r.Asked, err = spec.Merge(r.Asked, update); err != nil {
			return err
		}
		return record.Save(rt.root, r)
	})
}

// joined keeps denials what they are where nothing else went wrong.
func joined(d isolator.Denials, err error) error {
	if err == nil {
		return d
	}
	return errors.Join(d, err)
}
