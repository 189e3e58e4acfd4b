package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// breakGlass breaks acme's for an hour.
func (rt *Runtime) breakGlass(t *testing.T) {
	t.Helper()
	if g, err := rt.BreakGlass("acme", time.Hour, "INC-7", "root"); err != nil || g.By != "root" {
		t.Fatalf("%+v, %v", g, err)
	}
}

// letGlassEnd has its time pass, as root's clock would.
func (rt *Runtime) letGlassEnd(t *testing.T) {
	t.Helper()
	path := tenant.GlassFile(rt.root, "acme")
	g, err := tenant.ReadGlass(rt.root, "acme")
	if err != nil {
		t.Fatal(err)
	}
	g.Uptime -= time.Hour
	data, err := json.Marshal(g)
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// request makes a Create that asks for more than the tenant has.
func (rt *Runtime) request(t *testing.T, namespace, id string) (a *Accepted, dir string, config []byte, err error) {
	t.Helper()
	dir, config = bundle(t, privileged)
	a, err = rt.Create(context.Background(), Caller{Namespace: namespace, ID: id, Bundle: dir}, new(isolator.Request))
	return a, dir, config, err
}

func TestUnderABrokenGlassATenantActsAsAudit(t *testing.T) {
	rt := installed(t, policy)
	rt.breakGlass(t)
	if e := lastAudit(t, rt); e.Decision != record.Broken || e.Glass != "INC-7" || e.By != "root" || e.Until.IsZero() {
		t.Errorf("the log says of the glass %+v", e)
	}
	a, dir, config, err := rt.request(t, "acme", "c1")
	if err != nil {
		t.Fatal(err)
	}
	if now, _ := os.ReadFile(filepath.Join(dir, spec.ConfigFile)); !bytes.Equal(now, config) {
		t.Error("config.json was changed")
	}
	if e := lastAudit(t, rt); e.Decision != record.Audited || e.Glass != "INC-7" || len(e.Denials) == 0 {
		t.Errorf("the log says of its start %+v", e)
	}
	if !a.record.Glass || a.record.Enforced {
		t.Errorf("its record is %+v", a.record)
	}

	c := Caller{Namespace: "acme", ID: "c1"}
	bold := &specs.Process{Cwd: "/", Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_SYS_ADMIN"}}}
	exec := func() int {
		t.Helper()
		p, err := rt.Exec(context.Background(), c, bold, isolator.Stdio{})
		if err != nil {
			t.Fatal(err)
		}
		return len(p.Capabilities.Bounding)
	}
	if exec() != 1 {
		t.Error("an exec was narrowed")
	}
	if e := lastAudit(t, rt); e.Operation != "exec" || e.Glass != "INC-7" {
		t.Errorf("the log says of the exec %+v", e)
	}
	if err := rt.Checkpoint(c); err != nil {
		t.Errorf("a checkpoint: %v", err)
	}

	rt.letGlassEnd(t)
	if exec() != 0 {
		t.Error("an exec has CAP_SYS_ADMIN although the glass has ended")
	}
	if rt.Checkpoint(c) == nil {
		t.Error("a checkpoint is accepted although the glass has ended")
	}
	if err := a.Undo(); err != nil {
		t.Fatal(err)
	}
	var denied isolator.Denials
	_, dir, config, err = rt.request(t, "acme", "c2")
	if !errors.As(err, &denied) {
		t.Errorf("after its end: %v", err)
	}
	untouched(t, rt, dir, config)
}

func TestABrokenGlassIsNobodyElses(t *testing.T) {
	rt := installed(t, policy+`
---
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: below}
spec: {parent: acme, selectors: {containerdNamespaces: [below]}}
`)
	rt.breakGlass(t)
	if _, _, _, err := rt.request(t, "below", "c1"); err == nil {
		t.Error("the tenant below starts what it may not")
	}
	if was, err := rt.MendGlass("acme", "root"); !was || err != nil {
		t.Fatal(was, err)
	}
	if e := lastAudit(t, rt); e.Decision != record.Mended || e.Tenant != "acme" {
		t.Errorf("the log says %+v", e)
	}
	if _, _, _, err := rt.request(t, "acme", "c1"); err == nil {
		t.Error("acme starts what it may not")
	}
}

// What an update asked for under a broken glass is set as asked, and judged
// again by the next one.
func TestAnUpdateUnderABrokenGlassIsWithdrawnByTheNext(t *testing.T) {
	rt := installed(t, policy)
	dir, _ := bundle(t, nil)
	c := Caller{Namespace: "acme", ID: "c1", Bundle: dir}
	a, err := rt.Create(context.Background(), c, new(isolator.Request))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Undo(); err != nil {
			t.Error(err)
		}
	}()
	update := func(pids int64) (sent int64) {
		t.Helper()
		err := rt.Update(context.Background(), c, &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: &pids}}, func(r *specs.LinuxResources) error {
			sent = *r.Pids.Limit
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return sent
	}
	rt.breakGlass(t)
	if got := update(5000); got != 5000 {
		t.Errorf("under the broken glass %d processes, want the 5000 asked for", got)
	}
	if e := lastAudit(t, rt); e.Operation != "update" || e.Glass != "INC-7" {
		t.Errorf("the log says %+v", e)
	}
	if r, err := record.Load(rt.root, "containerd:acme", "c1"); err != nil || *r.Asked.Pids.Limit != 5000 || *r.Resources.Pids.Limit != 64 {
		t.Errorf("the record says %+v, %v", r, err)
	}
	rt.letGlassEnd(t)
	if got := update(6000); got != 64 {
		t.Errorf("after its end %d, want the container's maximum of 64", got)
	}
}

// One that has ended counts as none, and goes with what else is left over.
func TestGCRemovesAGlassThatHasEnded(t *testing.T) {
	rt := installed(t, policy)
	rt.breakGlass(t)
	if found, err := rt.Leftovers(); err != nil || len(found) != 0 {
		t.Fatalf("left over while it counts: %v, %v", found, err)
	}
	rt.letGlassEnd(t)
	found, err := rt.Leftovers()
	if err != nil || len(found) != 1 || found[0].Kind != "glass" || found[0].Name != "acme" {
		t.Fatalf("left over: %v, %v", found, err)
	}
	rt.breakGlass(t)
	if err := found[0].Remove(context.Background()); err != nil || tenant.GlassOf(rt.root, "acme") == nil {
		t.Fatalf("a glass that was broken meanwhile is whole, %v", err)
	}
	rt.letGlassEnd(t)
	if err := found[0].Remove(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(tenant.GlassFile(rt.root, "acme")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
}
