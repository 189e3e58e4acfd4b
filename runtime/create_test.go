package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile/compiletest"
)

const policy = `
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: acme}
spec: {selectors: {containerdNamespaces: [acme]}, limits: {cpu: "1", memory: 256Mi}, container: {max: {pids: 64}}}
---
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: watched}
spec: {enforcement: Audit, selectors: {containerdNamespaces: [watched]}, limits: {memory: 256Mi}}
---
apiVersion: bulkhead.dev/v1alpha1
kind: NodePolicy
metadata: {name: default}
spec: {exemptions: {containerdNamespaces: [plugins.moby]}, audit: {record: All}}
`

// installed returns an installation of its own with a policy in force.
func installed(t *testing.T, policy string) *Runtime {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: makes cgroups")
	}
	root := tenant.Root(t.TempDir())
	apply(t, root, policy)
	return New(root, Execute)
}

// modernRunc is a delegate's answer to `features`.
const modernRunc = `features) echo '{"ociVersionMin":"1.0.0","ociVersionMax":"1.3.0"}'; exit 0;;`

// apply puts a policy in force, with a delegate that only says what it can do:
// nothing here starts a container.
func apply(t testing.TB, root tenant.Root, policy string) {
	t.Helper()
	runc := filepath.Join(t.TempDir(), "runc")
	program(t, runc, modernRunc)
	policy = strings.Replace(policy, "audit: {record: All}", "audit: {record: All}, delegates: {runc: "+runc+"}", 1)
	compiletest.Apply(t, root, policy)
}

// bundle writes a bundle whose spec is Docker's, changed.
func bundle(t *testing.T, change func(*specs.Spec)) (dir string, config []byte) {
	t.Helper()
	data, err := os.ReadFile("testdata/docker-20.10.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := spec.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	s.Hooks = nil                                  // only a living dockerd can answer for it
	s.Mounts = slices.DeleteFunc(s.Mounts, isBind) // of files on its machine
	if change != nil {
		change(s)
	}
	if config, err = json.Marshal(s); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, spec.ConfigFile), config, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, config
}

func privileged(s *specs.Spec) {
	s.Process.Capabilities.Bounding = append(s.Process.Capabilities.Bounding, "CAP_SYS_ADMIN")
}

func lastAudit(t *testing.T, rt *Runtime) record.Entry {
	t.Helper()
	data, err := os.ReadFile(rt.root.Path(tenant.DefaultAuditLog.Path))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	var e record.Entry
	if err := json.Unmarshal(lines[len(lines)-1], &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func untouched(t *testing.T, rt *Runtime, dir string, config []byte) {
	t.Helper()
	if all, err := record.List(rt.root); err != nil || len(all) != 0 {
		t.Errorf("records left: %v, %v", all, err)
	}
	if found, _ := filepath.Glob("/sys/fs/cgroup/*" + "/bulkhead_" + rt.root.Installation()); len(found) != 0 {
		t.Errorf("cgroups left: %v", found)
	}
	if now, err := os.ReadFile(filepath.Join(dir, spec.ConfigFile)); err != nil || !bytes.Equal(now, config) {
		t.Errorf("config.json was changed: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, spec.EngineFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is there: %v", spec.EngineFile, err)
	}
}

func TestCreateRewritesTheBundleBelowTheTenantsCgroup(t *testing.T) {
	rt := installed(t, policy)
	dir, config := bundle(t, nil)
	a, err := rt.Create(context.Background(), Caller{Namespace: "acme", ID: "c1", Bundle: dir}, new(isolator.Request))
	if err != nil {
		t.Fatal(err)
	}
	now, err := spec.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := spec.Parse(now)
	if err != nil {
		t.Fatal(err)
	}
	if want := "/bulkhead_" + rt.root.Installation() + "/acme.t/acme.c1.c"; s.Linux.CgroupsPath != want {
		t.Errorf("cgroup %s, want %s", s.Linux.CgroupsPath, want)
	}
	if got := *s.Linux.Resources.Pids.Limit; got != 64 {
		t.Errorf("pids %d, want the container's maximum of 64", got)
	}
	if kept, err := os.ReadFile(filepath.Join(dir, spec.EngineFile)); err != nil || !bytes.Equal(kept, config) {
		t.Errorf("the engine's spec was not kept: %v", err)
	}
	if _, _, ok, err := rt.tree.Usage(&tenant.Policy{Name: "acme"}); !ok || err != nil {
		t.Errorf("no tenant cgroup: %v", err)
	}
	if e := lastAudit(t, rt); e.Decision != record.Narrowed || e.Tenant != "acme" || len(e.Changes) == 0 {
		t.Errorf("audit %+v", e)
	}
	if _, err := rt.Create(context.Background(), Caller{Namespace: "acme", ID: "c1", Bundle: dir}, new(isolator.Request)); !errors.Is(err, record.ErrExists) {
		t.Errorf("a second container of that id: %v", err)
	}
	if err := a.Undo(); err != nil {
		t.Fatal(err)
	}
	if _, _, ok, _ := rt.tree.Usage(&tenant.Policy{Name: "acme"}); ok {
		t.Error("the tenant's cgroup outlives its last container")
	}
}

func TestRefusedCreateLeavesNothing(t *testing.T) {
	rt := installed(t, policy)
	for _, test := range []struct {
		name, namespace, want string
		change                func(*specs.Spec)
	}{
		{"denied", "acme", "refused by capabilities: process.capabilities is CAP_SYS_ADMIN", privileged},
		{"no tenant", "stranger", "no tenant selects containerd namespace stranger", nil},
	} {
		dir, config := bundle(t, test.change)
		_, err := rt.Create(context.Background(), Caller{Namespace: test.namespace, ID: "c1", Bundle: dir}, new(isolator.Request))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
		untouched(t, rt, dir, config)
		if e := lastAudit(t, rt); e.Decision != record.Refused || e.Error+e.Denials.Error() == "" {
			t.Errorf("%s: audit %+v", test.name, e)
		}
	}
}

func TestAuditAndExemptionsPassAsAsked(t *testing.T) {
	rt := installed(t, policy)
	for namespace, want := range map[string]record.Decision{"watched": record.Audited, "plugins.moby": record.Exempted} {
		dir, config := bundle(t, privileged)
		a, err := rt.Create(context.Background(), Caller{Namespace: namespace, ID: "c1", Bundle: dir}, new(isolator.Request))
		if err != nil {
			t.Fatalf("%s: %v", namespace, err)
		}
		if now, _ := os.ReadFile(filepath.Join(dir, spec.ConfigFile)); !bytes.Equal(now, config) {
			t.Errorf("%s: config.json was changed", namespace)
		}
		if e := lastAudit(t, rt); e.Decision != want {
			t.Errorf("%s: audited as %s, want %s", namespace, e.Decision, want)
		}
		asked := &specs.Process{Cwd: "/", Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_SYS_ADMIN"}}}
		p, err := rt.Exec(context.Background(), Caller{Namespace: namespace, ID: "c1"}, asked, isolator.Stdio{})
		if err != nil || len(p.Capabilities.Bounding) != 1 {
			t.Errorf("%s: exec came to %+v, %v", namespace, p, err)
		}
		if err := a.Undo(); err != nil {
			t.Fatal(err)
		}
		untouched(t, rt, dir, config)
	}
}

func TestExemptContainersStartWithoutAnyPolicy(t *testing.T) {
	rt := installed(t, policy)
	if _, err := rt.DefaultDelegate(context.Background()); err != nil { // as any container before does
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(rt.root.Policy(), tenant.Format, "current")); err != nil {
		t.Fatal(err)
	}
	dir, _ := bundle(t, nil)
	a, err := rt.Create(context.Background(), Caller{Namespace: "plugins.moby", ID: "c1", Bundle: dir}, new(isolator.Request))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Undo(); err != nil {
		t.Fatal(err)
	}
	if _, err := rt.Create(context.Background(), Caller{Namespace: "acme", ID: "c1", Bundle: dir}, new(isolator.Request)); !errors.Is(err, tenant.ErrNoPolicy) {
		t.Errorf("a tenant's container without a policy: %v", err)
	}
}

func TestFieldThatNobodyKnowsIsRefused(t *testing.T) {
	rt := installed(t, policy)
	dir, config := bundle(t, nil)
	config = bytes.Replace(config, []byte(`"ociVersion"`), []byte(`"brandNewField":true,"ociVersion"`), 1)
	if err := os.WriteFile(filepath.Join(dir, spec.ConfigFile), config, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := rt.Create(context.Background(), Caller{Namespace: "acme", ID: "c1", Bundle: dir}, new(isolator.Request))
	if err == nil || !strings.Contains(err.Error(), "brandNewField") {
		t.Errorf("got %v, want a refusal that names the field", err)
	}
	untouched(t, rt, dir, config)
}
