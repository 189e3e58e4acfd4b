package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Accepted is a request that the delegate may start, with its effects on the
// host in place: its record and its tenant's cgroup.
type Accepted struct {
	Request *isolator.Request
	rt      *Runtime
	record  *record.Record
	held    heldNamespaces // until Close
}

// Create decides a request and prepares the host for it. The request's spec is
// the bundle's config.json, which is rewritten when the tenant is enforced.
// Errors are isolator.Denials, *tenant.Unresolved, tenant.ErrNoPolicy,
// record.ErrExists, or a failure; after each of them the host is as it was.
func (rt *Runtime) Create(ctx context.Context, c Caller, asked *isolator.Request) (*Accepted, error) {
	config, err := spec.Read(c.Bundle)
	if err != nil {
		return nil, err
	}
	var unread error
	if asked.Spec, unread = spec.Parse(config); unread != nil {
		asked.Spec = lenient(config)
	}
	if rt.exempt(rt.evidence(c, asked.Spec)) {
		return rt.createExempt(ctx, c, asked)
	}
	if unread != nil {
		return nil, errors.Join(unread, rt.auditFailure(c, "create", unread))
	}
	for try := 1; ; try++ {
		a, err := rt.createForTenant(ctx, c, asked, config)
		switch {
		case !errors.Is(err, errStale):
			return a, err
		case try == mostTries:
			return nil, errors.Join(err, rt.auditFailure(c, "create", err))
		}
	}
}

// errStale says that between the decision and its effect a policy was applied,
// or what a path leads to became something else.
var errStale = errors.New("what was decided holds no longer")

// mostTries bounds for how long a tenant that exchanges the sources of its own
// mounts keeps its shim busy.
const mostTries = 100

func (rt *Runtime) createForTenant(ctx context.Context, c Caller, asked *isolator.Request, config []byte) (accepted *Accepted, err error) {
	d, err := rt.decide(ctx, c, asked)
	if err != nil {
		return nil, errors.Join(err, rt.auditFailure(c, "create", err))
	}
	defer func() {
		if accepted == nil {
			d.held.close()
		}
	}()
	if d.enforced && len(d.result.Denials) > 0 {
		return nil, errors.Join(d.result.Denials, d.audit(rt, c))
	}
	a := &Accepted{Request: d.final, rt: rt, record: d.record(rt, c, asked), held: d.held}
	full, err := a.prepare(d)
	if err != nil {
		return nil, err
	}
	if d.result.Denials = append(d.result.Denials, full...); d.enforced && len(full) > 0 {
		return nil, errors.Join(d.result.Denials, d.audit(rt, c))
	}
	if d.provided {
		if err := a.provide(d); err != nil {
			return nil, errors.Join(err, rt.auditFailure(c, "create", err), a.Undo())
		}
	}
	written := d.final.Spec
	if err := rt.putInFront(d.delegate); err != nil {
		return nil, errors.Join(err, a.Undo())
	}
	if d.enforced {
		if written, err = a.handOver(c, d); err != nil {
			return nil, errors.Join(err, a.Undo())
		}
	}
	err = d.audit(rt, c)
	if err == nil && d.enforced {
		err = spec.Write(c.Bundle, written, config)
	}
	if err != nil {
		return nil, errors.Join(err, a.Undo())
	}
	return a, nil
}

// handOver makes what was decided true of the files that it is about, and
// returns the spec for the delegate.
func (a *Accepted) handOver(c Caller, d *decision) (*specs.Spec, error) {
	staged, err := a.stage(d)
	if err == nil {
		err = d.claimVolumes()
	}
	var denied isolator.Denials
	switch {
	case err == nil:
		return d.forDelegate(d.held.through(staged)), nil
	case errors.Is(err, errStale):
		return nil, err // it is decided again
	case errors.As(err, &denied):
		d.result.Denials = append(d.result.Denials, denied...)
		return nil, errors.Join(err, d.audit(a.rt, c))
	}
	return nil, errors.Join(err, a.rt.auditFailure(c, "create", err))
}

// prepare makes the record and, below the same locks, the tenant's cgroup: its
// release looks for records under them. It does nothing, and says why, when
// the tenant has no room for the container.
func (a *Accepted) prepare(d *decision) (full isolator.Denials, err error) {
	rt, r := a.rt, a.record
	if err := rt.forgetDead(r.Scope, r.ID); err != nil {
		return nil, err
	}
	locks, err := rt.tree.Chain(d.policy)
	if err != nil {
		return nil, err
	}
	err = rt.tree.Locked(locks, func() error {
		if err := rt.stale(a, d.policy); err != nil {
			return err
		}
		of, err := rt.cgroupTenant(d.store, d.node, d.policy)
		if err != nil {
			return err
		}
		if full, err = rt.full(r, of); err == nil && d.facts.Delegate.Sandbox {
			full, err = rt.onlyOne(r, full)
		}
		if err != nil || d.enforced && len(full) > 0 {
			return err
		}
		if err := record.Create(rt.root, r); err != nil {
			return err
		}
		if err = errors.Join(a.adopts(), a.mapsAlone(d)); err == nil {
			err = a.occupy(d, of, &full)
		}
		if err != nil || d.enforced && len(full) > 0 {
			return errors.Join(err, record.Remove(rt.root, r.Scope, r.ID), a.vacate(d, of))
		}
		return nil
	})
	return full, err
}

// stale reports that the decision no longer holds: an apply gives new limits to
// what is recorded, below the same locks, and the tenant's cgroup may have gone
// from where it was.
func (rt *Runtime) stale(a *Accepted, p *tenant.Policy) error {
	st, err := tenant.Open(rt.root)
	if err != nil {
		return err
	}
	place, err := rt.tree.Place(p)
	if err != nil {
		return err
	}
	if st.Version != a.record.Version || a.record.TenantCgroup != "" && a.record.TenantCgroup != place {
		return errStale
	}
	return nil
}

// occupy makes the tenant's cgroup, or gives it what a pod leaves of the limits.
func (a *Accepted) occupy(d *decision, of *cgroup.Tenant, full *isolator.Denials) error {
	if a.record.TenantCgroup != "" {
		if r := a.record.Resources; r != nil {
			of.LeastCPUMilli = given(r).CPUMilli
		}
		return a.rt.tree.Ensure(of)
	}
	if a.record.Kind() != record.Pod || !d.enforced || a.record.IsSandbox {
		return nil
	}
	giveTo(of, inPod(a.record, d.policy), 1)
	total, err := a.rt.overTotal(d.store, of, a.record)
	if err != nil {
		return err
	}
	beside, err := a.rt.share(of)
	d.noRoom(full, append(total, beside...))
	return err
}

// vacate undoes occupy, after the record is gone.
func (a *Accepted) vacate(d *decision, of *cgroup.Tenant) error {
	if a.record.TenantCgroup != "" {
		return a.rt.tree.Clear(a.record.TenantCgroup)
	}
	if a.record.Kind() != record.Pod || a.record.IsSandbox {
		return nil
	}
	giveTo(of, inPod(a.record, d.policy), -1)
	_, err := a.rt.share(of)
	return err
}

// Started takes away what the delegate needed to make the container, and
// completes the record with the container's init process. An apply that
// came while the delegate made the container could not change it; it is given
// what the policy in force has for it now.
func (a *Accepted) Started(ctx context.Context, pid int) error {
	return errors.Join(removeStage(stageOf(a.rt.root, a.record.Scope, a.record.ID)), a.started(ctx, pid))
}

func (a *Accepted) started(ctx context.Context, pid int) error {
	start, err := record.StartTime(pid)
	if err != nil {
		return nil // it ended already; the record says that it had no process
	}
	r := a.record // nobody else changes one without a process
	complete := func() error {
		r.Pid, r.StartTime, r.Namespaces = pid, start, namespacesOf(pid)
		return record.Save(a.rt.root, r)
	}
	if r.Exempt {
		return complete()
	}
	if err := a.rt.tree.Locked([]string{r.Tenant}, complete); err != nil || !r.Enforced {
		return err
	}
	st, err := tenant.Open(a.rt.root)
	if err != nil || st.Version == r.Version {
		return nil // an apply from now on finds the process
	}
	return a.follow(ctx)
}

// follow gives the tenant and this container what the policy in force has for
// them, after an apply that could not see the container's process yet.
func (a *Accepted) follow(ctx context.Context) error {
	st, node, p, err := a.rt.innermostInForce(a.record)
	if err != nil || p == nil || p.Name != a.record.Tenant {
		return err
	}
	locks, err := a.rt.tree.Chain(p)
	if err != nil {
		return err
	}
	return a.rt.tree.Locked(locks, func() error {
		of, err := a.rt.cgroupTenant(st, node, p)
		if err != nil {
			return err
		}
		return a.rt.tree.Apply(of, func() error {
			_, err := a.rt.giveAll(ctx, []*record.Record{a.record}, checks{})
			return err
		})
	})
}

// Undo takes the effects of Create back, after the delegate failed.
func (a *Accepted) Undo() error {
	return a.rt.Release(a.record.Scope, a.record.ID)
}

// nodeOrDefaults returns the node's policy, or what holds without one: the
// delegate that was used last, wherever the policy had it.
func (rt *Runtime) nodeOrDefaults() *tenant.Node {
	if st, err := tenant.Open(rt.root); err == nil {
		if node, err := st.Node(); err == nil {
			return node
		}
	}
	node := &tenant.Node{AuditLog: tenant.DefaultAuditLog}
	if d := cached(rt.delegateCache(defaultDelegate)); d != nil {
		node.Delegates = map[string]string{defaultDelegate: d.Path}
	}
	return node
}

func newRecord(rt *Runtime, c Caller, f isolator.Facts) *record.Record {
	return &record.Record{
		Scope:     c.Scope(),
		ID:        c.ID,
		Bundle:    c.Bundle,
		Created:   time.Now().UTC(),
		Engine:    string(f.Engine),
		Sandbox:   f.Sandbox,
		Pod:       f.Pod,
		Pinned:    c.Pinned,
		IsSandbox: f.IsSandbox,
		Delegate:  f.Delegate.Path,
		StateRoot: fmt.Sprintf("%s/%s", f.Delegate.StateRoot, f.Namespace),
	}
}

func cgroupsPath(r *isolator.Request) string {
	if r.Spec.Linux == nil {
		return ""
	}
	return r.Spec.Linux.CgroupsPath
}

// Leaf is the container's cgroup, as linux.cgroupsPath has it.
func (a *Accepted) Leaf() string { return a.record.Cgroup }
