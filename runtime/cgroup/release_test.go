package cgroup

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/opencontainers/cgroups"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func TestReleaseKeepsWhatARecordNames(t *testing.T) {
	root := installation(t)
	m := ensured(t, root, acme())
	records := []*record.Record{
		{Scope: "containerd:test", ID: "below", Tenant: "acme", TenantCgroup: placeOf(root, "acme") + "/test.below.c"},
		{Scope: "containerd:test", ID: "pod", Tenant: "acme"},
		{Scope: "containerd:test", ID: "foreign", Tenant: "globex", TenantCgroup: placeOf(root, "globex")},
	}
	for _, r := range records {
		if err := record.Create(root, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := release(root, "acme"); err != nil || !exists(m) {
		t.Errorf("released under a container: %v", err)
	}
	if err := record.Remove(root, "containerd:test", "below"); err != nil {
		t.Fatal(err)
	}
	if err := release(root, "acme"); err != nil || exists(m) {
		t.Errorf("kept for a pod or for another tenant's container: %v", err)
	}
}

func TestReleaseOfWhatIsNotThereIsSuccess(t *testing.T) {
	root := installation(t)
	for range 2 {
		if err := release(root, "acme"); err != nil {
			t.Error(err)
		}
	}
}

func TestReleaseKeepsOtherTenants(t *testing.T) {
	root := installation(t)
	other := ensured(t, root, globex())
	ensured(t, root, acme())
	if err := release(root, "acme"); err != nil {
		t.Error(err)
	}
	for _, path := range other.GetPaths() {
		if !cgroups.PathExists(path) {
			t.Errorf("%s went with another tenant", path)
		}
	}
}

func TestReleaseParentRemovesOnlyWhatIsEmpty(t *testing.T) {
	root := installation(t)
	tenants := ensured(t, root, acme())
	if names, err := New(root, nil).Places(); err != nil || !slices.Equal(names, []string{placeOf(root, "acme")}) {
		t.Errorf("tenants %v: %v", names, err)
	}
	if err := New(root, nil).ReleaseBase(); err != nil || !exists(tenants) {
		t.Errorf("a tenant was removed: %v", err)
	}
	for _, path := range tenants.GetPaths() { // as a process that was killed in a Release leaves it
		if err := cgroups.RemovePath(path); err != nil {
			t.Fatal(err)
		}
	}
	if len(residue(t, root)) == 0 {
		t.Fatal("nothing is left to remove")
	}
	if err := New(root, nil).ReleaseBase(); err != nil {
		t.Error(err)
	}
	if left := residue(t, root); left != nil {
		t.Errorf("left: %v", left)
	}
}

func TestReleaseReportsAProcessWithoutARecord(t *testing.T) {
	root := installation(t)
	m := ensured(t, root, acme())
	child := container(t, root, "acme", "a", &cgroups.Resources{})
	process(t, child, "hold", "1")
	if err := release(root, "acme"); err == nil {
		t.Error("released under a living process")
	}
	for _, path := range append(paths(m), paths(child)...) {
		if !cgroups.PathExists(path) {
			t.Errorf("%s was taken from a living process", path)
		}
	}
}

func paths(m cgroups.Manager) []string {
	var all []string
	for _, path := range m.GetPaths() {
		all = append(all, path)
	}
	return all
}

func TestATenantNameCannotLeadElsewhere(t *testing.T) {
	root := tenant.Root(t.TempDir())
	for _, name := range []string{"", ".", "../acme", "a/b", "a:b"} {
		if err := New(root, nil).Locked([]string{name}, func() error { return nil }); err == nil {
			t.Errorf("a lock of tenant %q was taken", name)
		}
		if _, err := New(root, nil).Place(&tenant.Policy{Name: name}); err == nil {
			t.Errorf("tenant %q has a place", name)
		}
	}
}

// runc makes directories on its way in hierarchies of its own choice, and
// removes only the last.
func TestReleaseRemovesWhatRuncLeaves(t *testing.T) {
	root := installation(t)
	runc, err := exec.LookPath("runc")
	if err != nil {
		t.Skip("needs runc")
	}
	m := ensured(t, root, acme())
	bundle, state := t.TempDir(), t.TempDir()
	writeBundle(t, bundle, placeOf(root, "acme")+"/test.a.c")
	cmd := exec.Command(runc, "--root", state, "run", "--bundle", bundle, "bulkhead-cgroup-"+root.Installation())
	cmd.WaitDelay = time.Minute
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("runc: %v\n%s", err, out)
	}
	if want := "it ran\n"; string(out) != want {
		t.Errorf("got %q, want %q", out, want)
	}
	if err := release(root, "acme"); err != nil || exists(m) {
		t.Errorf("exists %v: %v", exists(m), err)
	}
	if left := residue(t, root); left != nil {
		t.Errorf("left: %v", left)
	}
}

func writeBundle(t *testing.T, bundle, cgroup string) {
	t.Helper()
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("needs a static busybox")
	}
	program, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	rootfs := filepath.Join(bundle, "rootfs")
	if err := os.MkdirAll(filepath.Join(rootfs, "proc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(rootfs, "busybox"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(&specs.Spec{
		Version: "1.0.2",
		Root:    &specs.Root{Path: "rootfs"},
		Process: &specs.Process{Args: []string{"/busybox", "echo", "it ran"}, Cwd: "/"},
		Mounts:  []specs.Mount{{Destination: "/proc", Type: "proc", Source: "proc"}},
		Linux: &specs.Linux{
			CgroupsPath: cgroup,
			Namespaces:  []specs.LinuxNamespace{{Type: specs.PIDNamespace}, {Type: specs.MountNamespace}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bundle, "config.json"), config, 0o600); err != nil {
		t.Fatal(err)
	}
}
