package runtime

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// isolated starts a process with a uts namespace of its own, and returns its id
// and what ends it.
func isolated(t *testing.T) (pid int, end func()) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: makes namespaces")
	}
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end = func() {
		_ = cmd.Process.Kill() // it may have been ended already
		_ = cmd.Wait()
	}
	t.Cleanup(end)
	return cmd.Process.Pid, end
}

// utsOf is a process's uts namespace by its path.
func utsOf(pid int) string { return fmt.Sprintf("/proc/%d/ns/uts", pid) }

func utsSpec(path string) *specs.Spec {
	return &specs.Spec{Linux: &specs.Linux{Namespaces: []specs.LinuxNamespace{{Type: specs.UTSNamespace, Path: path}}}}
}

// pinned mounts a namespace at a new path in a folder, as engines do.
func pinned(t *testing.T, folder, namespace string) string {
	t.Helper()
	file, err := os.CreateTemp(folder, "ns-")
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	if err := syscall.Mount(namespace, file.Name(), "", syscall.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(file.Name(), syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return file.Name()
}

// recorded records a container with a process and its namespaces.
func recorded(t *testing.T, rt *Runtime, tenant, id string, pid int, created time.Time) *record.Record {
	t.Helper()
	start, err := record.StartTime(pid)
	if err != nil {
		t.Fatal(err)
	}
	r := &record.Record{
		Scope: record.Scope(tenant), ID: id, Tenant: tenant, Created: created, Pid: pid, StartTime: start, Namespaces: namespacesOf(pid),
	}
	if len(r.Namespaces) != 1 || r.Namespaces[0].Type != specs.UTSNamespace {
		t.Fatalf("recorded %+v, want one uts namespace", r.Namespaces)
	}
	if err := record.Create(rt.root, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// refOf is what a path is found to be that a container of acme names.
func refOf(t *testing.T, rt *Runtime, path string) isolator.NSRef {
	t.Helper()
	held := hold(utsSpec(path))
	defer held.close()
	refs, err := rt.namespaces(&isolator.Facts{Namespace: "acme", ContainerID: "asks"}, record.Scope("acme"), held)
	if err != nil {
		t.Fatal(err)
	}
	return refs[path]
}

func TestNamespacePathIsKnownByWhatItIsNotByItsName(t *testing.T) {
	rt := New(tenant.Root(t.TempDir()), Execute)
	pid, _ := isolated(t)
	dir := t.TempDir()
	made := func(name string, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, name)
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	own, hosts := isolator.NSRef{Type: specs.UTSNamespace}, isolator.NSRef{Type: specs.UTSNamespace, Host: true}
	paths := map[string]isolator.NSRef{
		utsOf(pid):                                       own,
		utsOf(os.Getpid()):                               hosts,
		utsOf(os.Getppid()):                              hosts,
		"/proc/self/ns/uts":                              hosts,
		"/proc/../proc/thread-self/ns/../ns/uts":         hosts,
		"/proc/self/root/proc/self/ns/uts":               hosts,
		"/proc/self/ns/net":                              {Type: specs.NetworkNamespace, Host: true},
		made("own", os.Symlink(utsOf(pid), path("own"))): own,
		made("hosts", os.Symlink("/proc/self/ns/uts", path("hosts"))): hosts,
		pinned(t, dir, utsOf(pid)):                                    own,
		pinned(t, dir, "/proc/self/ns/uts"):                           hosts,
		made("file", os.WriteFile(path("file"), nil, 0o600)):          {},
		made("fifo", syscall.Mkfifo(path("fifo"), 0o600)):             {}, // opening it for reading would block for ever
		"/proc/self/root":                          {},
		"/nonexistent/ns":                          {},
		strings.Repeat("../", 20) + utsOf(pid)[1:]: {}, // from where the delegate runs it is another
	}
	if _, err := os.Stat("/proc/1/ns/uts"); err == nil { // some machines guard their first process from root
		paths["/proc/1/ns/uts"] = hosts
	}
	for path, want := range paths {
		if got := refOf(t, rt, path); got != want {
			t.Errorf("%s: %+v; want %+v", path, got, want)
		}
	}
}

func TestNamespaceBelongsToAContainerOnlyWhileItLives(t *testing.T) {
	rt := New(tenant.Root(t.TempDir()), Execute)
	pid, _ := isolated(t)
	r := recorded(t, rt, "acme", "c1", pid, time.Now())
	if o := refOf(t, rt, utsOf(pid)).Owner; o == nil || o.Tenant != "acme" || o.Container != "c1" {
		t.Errorf("owner %+v, want acme's c1", o)
	}
	r.StartTime++ // the pid was reused
	if err := record.Save(rt.root, r); err != nil {
		t.Fatal(err)
	}
	if o := refOf(t, rt, utsOf(pid)).Owner; o != nil {
		t.Errorf("a dead container owns a namespace: %+v", o)
	}
}

// A process that moved on does not keep the namespace it was recorded with.
func TestNamespaceBelongsToAContainerOnlyWhileItShowsIt(t *testing.T) {
	rt := New(tenant.Root(t.TempDir()), Execute)
	pid, _ := isolated(t)
	other, _ := isolated(t)
	r := recorded(t, rt, "acme", "c1", pid, time.Now())
	r.Namespaces = namespacesOf(other)
	if err := record.Save(rt.root, r); err != nil {
		t.Fatal(err)
	}
	if o := refOf(t, rt, utsOf(other)).Owner; o != nil {
		t.Errorf("a container owns a namespace that it is not in: %+v", o)
	}
}

// The kernel gives the number of a namespace that is gone to the next one.
func TestNumberOfADeadContainersNamespaceIsNobodys(t *testing.T) {
	rt := New(tenant.Root(t.TempDir()), Execute)
	pid, end := isolated(t)
	r := recorded(t, rt, "acme", "c1", pid, time.Now())
	end()
	for range 200 {
		next, end := isolated(t)
		if now := namespacesOf(next); len(now) != 1 || now[0] != r.Namespaces[0] {
			end()
			continue
		}
		if ref := refOf(t, rt, utsOf(next)); ref.Type != specs.UTSNamespace || ref.Owner != nil {
			t.Errorf("%+v, want a uts namespace of nobody's", ref)
		}
		return
	}
	t.Skip("this kernel gave the number to no other namespace")
}

// What a tenant in Audit joined stays whose it was.
func TestNamespaceBelongsToTheContainerThatHadItFirst(t *testing.T) {
	rt := New(tenant.Root(t.TempDir()), Execute)
	pid, end := isolated(t)
	now := time.Now()
	recorded(t, rt, "aaa", "joined", pid, now)
	recorded(t, rt, "globex", "first", pid, now.Add(-time.Second))
	recorded(t, rt, "zzz", "joined", pid, now.Add(time.Second))
	if o := refOf(t, rt, utsOf(pid)).Owner; o == nil || o.Tenant != "globex" {
		t.Errorf("owner %+v, want globex's", o)
	}
	end()
}

func TestContainerIsNotAnotherThanItself(t *testing.T) {
	rt := New(tenant.Root(t.TempDir()), Execute)
	pid, _ := isolated(t)
	recorded(t, rt, "acme", "asks", pid, time.Now())
	if o := refOf(t, rt, utsOf(pid)).Owner; o != nil {
		t.Errorf("owner %+v, want none", o)
	}
}
