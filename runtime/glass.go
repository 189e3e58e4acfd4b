package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// enforced reports whether requests to a running container are bound to its
// tenant, and by which broken glass they are not. A container that was started
// under a broken glass goes on as it is, and is bound from its end on.
func (rt *Runtime) enforced(r *record.Record) (bool, *tenant.Glass) {
	g := tenant.GlassOf(rt.root, r.Tenant)
	return g == nil && (r.Enforced || r.Glass), g
}

// under says in an audit line which broken glass let it pass.
func under(g *tenant.Glass, e record.Entry) record.Entry {
	if g != nil {
		e.Glass = g.Reason
	}
	return e
}

// updateAsAsked lets an update pass under a broken glass. What was asked is
// remembered: the next update, and the next apply, judge it by the policy.
//
// Preconditions: the tenant's lock is held.
func (rt *Runtime) updateAsAsked(r *record.Record, update *specs.LinuxResources, set func(*specs.LinuxResources) error) error {
	err := set(update)
	if err != nil {
		return err
	}
	if r.Asked, err = spec.Merge(r.Asked, update); err != nil {
		return err
	}
	return record.Save(rt.root, r)
}

// BreakGlass has a tenant act as Audit for some time, in the place of what is
// left of an earlier one. The audit log says so first, where it must.
func (rt *Runtime) BreakGlass(name string, lasts time.Duration, reason, by string) (*tenant.Glass, error) {
	boot, uptime, err := tenant.SinceBoot()
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Second)
	g := &tenant.Glass{Tenant: name, Reason: reason, By: by, Since: now, Until: now.Add(lasts), Boot: boot, Uptime: uptime + lasts}
	if err := rt.auditGlass(record.Entry{Decision: record.Broken, Glass: reason, Until: g.Until}, name, by); err != nil {
		return nil, err
	}
	if err := writeGlass(rt.root, g); err != nil {
		return nil, fmt.Errorf("break glass: %w", err)
	}
	return tenant.ReadGlass(rt.root, name) // as every shim will
}

// MendGlass ends a tenant's broken glass. It reports whether there was one that
// counted; whatever else is in its place goes too.
func (rt *Runtime) MendGlass(name, by string) (was bool, err error) {
	was = tenant.GlassOf(rt.root, name) != nil
	if err := os.Remove(tenant.GlassFile(rt.root, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return was, fmt.Errorf("end broken glass: %w", err)
	}
	if !was {
		return false, nil
	}
	return true, rt.auditGlass(record.Entry{Decision: record.Mended}, name, by)
}

func (rt *Runtime) auditGlass(e record.Entry, name, by string) error {
	e.Time, e.Operation, e.Tenant, e.By = time.Now().UTC(), "break-glass", name, by
	return record.Append(rt.root, rt.nodeOrDefaults().AuditLog, e)
}

// writeGlass puts the whole file in its place at once.
func writeGlass(root tenant.Root, g *tenant.Glass) error {
	data, err := json.Marshal(g)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(root.Glass(), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(root.Glass(), ".new-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // not there after the rename
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), tenant.GlassFile(root, g.Tenant))
}

// A GlassFile is what stands for a tenant's broken glass.
type GlassFile struct {
	Tenant string
	Glass  *tenant.Glass // nil: it counts as none
	Why    error         // it does not count
}

// Glasses are the broken glasses of all tenants, and what only looks like one.
func Glasses(root tenant.Root) ([]GlassFile, error) {
	entries, err := os.ReadDir(root.Glass())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var all []GlassFile
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok {
			continue
		}
		g, why := tenant.ReadGlass(root, name)
		all = append(all, GlassFile{name, g, why})
	}
	return all, err
}

// ended are broken glasses whose time has passed.
func (rt *Runtime) ended() (found []Leftover, err error) {
	all, err := Glasses(rt.root)
	for _, g := range all {
		if errors.Is(g.Why, tenant.ErrGlassEnded) {
			found = append(found, Leftover{"glass", g.Tenant, func(context.Context) error { return rt.removeEnded(g.Tenant) }})
		}
	}
	return found, err
}

// removeEnded leaves one that was broken meanwhile.
func (rt *Runtime) removeEnded(name string) error {
	if _, err := tenant.ReadGlass(rt.root, name); !errors.Is(err, tenant.ErrGlassEnded) {
		return nil
	}
	err := os.Remove(tenant.GlassFile(rt.root, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
