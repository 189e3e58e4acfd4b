package runtime

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// isolated starts a process with a uts namespace of its own.
func isolated(t *testing.T) int {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: makes namespaces")
	}
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

func utsSpec(path string) *specs.Spec {
	return &specs.Spec{Linux: &specs.Linux{Namespaces: []specs.LinuxNamespace{{Type: specs.UTSNamespace, Path: path}}}}
}

func TestNamespacePathIsKnownByWhatItIsNotByItsName(t *testing.T) {
	rt := New(tenant.Root(t.TempDir()), Execute)
	pid := isolated(t)
	own := fmt.Sprintf("/proc/%d/ns/uts", pid)
	link := filepath.Join(t.TempDir(), "innocent")
	if err := os.Symlink("/proc/self/ns/uts", link); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]isolator.NSRef{
		own:  {Type: specs.UTSNamespace},
		link: {}, // it may lead elsewhere when the delegate opens it
		fmt.Sprintf("/proc/%d/ns/net", os.Getpid()): {Type: specs.NetworkNamespace, Host: true},
		file:              {},
		fifo:              {}, // opening it for reading would block for ever
		"/nonexistent/ns": {},
	} {
		refs, err := rt.namespaces(utsSpec(path))
		if err != nil || refs[path] != want {
			t.Errorf("%s: %+v, %v; want %+v", path, refs[path], err, want)
		}
	}
}

func TestNamespaceBelongsToAContainerOnlyWhileItLives(t *testing.T) {
	root := tenant.Root(t.TempDir())
	rt := New(root, Execute)
	pid := isolated(t)
	start, err := record.StartTime(pid)
	if err != nil {
		t.Fatal(err)
	}
	r := &record.Record{Scope: record.Scope("acme"), ID: "c1", Tenant: "acme", Pid: pid, StartTime: start, Namespaces: namespacesOf(pid)}
	if len(r.Namespaces) != 1 || r.Namespaces[0].Type != specs.UTSNamespace {
		t.Fatalf("recorded %+v, want one uts namespace", r.Namespaces)
	}
	if err := record.Create(root, r); err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/proc/%d/ns/uts", pid)
	owner := func() *isolator.Owner {
		refs, err := rt.namespaces(utsSpec(path))
		if err != nil {
			t.Fatal(err)
		}
		return refs[path].Owner
	}
	if o := owner(); o == nil || o.Tenant != "acme" || o.Container != "c1" {
		t.Errorf("owner %+v, want acme's c1", o)
	}
	r.StartTime++ // the pid was reused
	if err := record.Save(root, r); err != nil {
		t.Fatal(err)
	}
	if o := owner(); o != nil {
		t.Errorf("a dead container owns a namespace: %+v", o)
	}
}
