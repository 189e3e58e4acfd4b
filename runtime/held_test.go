package runtime

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// joining makes the bundle of a container that joins the uts namespace at a path.
func joining(t *testing.T, path string) string {
	t.Helper()
	dir, _ := bundle(t, func(s *specs.Spec) {
		for i, ns := range s.Linux.Namespaces {
			if ns.Type == specs.UTSNamespace {
				s.Linux.Namespaces[i].Path = path
			}
		}
		s.Hostname = ""
	})
	return dir
}

// written returns the uts namespace that a delegate reads in a bundle.
func written(t *testing.T, dir, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	s, err := spec.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, ns := range s.Linux.Namespaces {
		if ns.Type == specs.UTSNamespace {
			return ns.Path
		}
	}
	t.Fatal("no uts namespace")
	return ""
}

// identity returns which namespace a path leads to now.
func identity(t *testing.T, path string) record.Namespace {
	t.Helper()
	h, err := openNamespace(path)
	if err != nil {
		t.Fatal(err)
	}
	defer heldNamespaces{path: h}.close()
	return h.id
}

func TestDelegateOpensTheNamespaceThatWasJudged(t *testing.T) {
	rt := installed(t, policy)
	mine, _ := isolated(t)
	other, _ := isolated(t)
	recorded(t, rt, "acme", "c0", mine, time.Now())
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(utsOf(mine), link); err != nil {
		t.Fatal(err)
	}
	dir := joining(t, link)
	a, err := rt.Create(context.Background(), Caller{Namespace: "acme", ID: "c1", Bundle: dir}, new(isolator.Request))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(utsOf(other), link); err != nil {
		t.Fatal(err)
	}

	path := written(t, dir, spec.ConfigFile)
	if got, want := identity(t, path), identity(t, utsOf(mine)); got != want {
		t.Errorf("%s leads to %v, want what was judged, %v", path, got, want)
	}
	if !strings.HasPrefix(path, "/proc/./") {
		t.Errorf("the delegate reads %s, which runc takes for a namespace of that process", path)
	}
	if got := written(t, dir, spec.EngineFile); got != link {
		t.Errorf("what the engine asked for is kept as %s, want %s", got, link)
	}
	if told := fmt.Sprint(lastAudit(t, rt), a.Request.Spec.Linux.Namespaces); strings.Contains(told, "/proc/./") {
		t.Errorf("the decision and the audit log tell of it: %s", told)
	}
	a.Close()
	if _, err := os.Stat(path); err == nil {
		t.Errorf("%s is still open", path)
	}
	if err := a.Undo(); err != nil {
		t.Fatal(err)
	}
}

func TestRefusedCreateHoldsNoNamespace(t *testing.T) {
	rt := installed(t, policy)
	other, _ := isolated(t)
	recorded(t, rt, "globex", "c0", other, time.Now())
	before := openFiles(t)
	dir := joining(t, utsOf(other))
	if _, err := rt.Create(context.Background(), Caller{Namespace: "acme", ID: "c1", Bundle: dir}, new(isolator.Request)); err == nil {
		t.Fatal("it was accepted")
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d files are open, %d were before", after, before)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestAuditHandsTheEnginesPathOn(t *testing.T) {
	rt := installed(t, policy)
	other, _ := isolated(t)
	dir := joining(t, utsOf(other))
	a, err := rt.Create(context.Background(), Caller{Namespace: "watched", ID: "c1", Bundle: dir}, new(isolator.Request))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if got := written(t, dir, spec.ConfigFile); got != utsOf(other) {
		t.Errorf("the delegate reads %s, want what the engine asked for", got)
	}
	if err := a.Confirm(os.Getpid()); err != nil {
		t.Errorf("it was compared: %v", err)
	}
	if err := a.Undo(); err != nil {
		t.Fatal(err)
	}
}

// A delegate that was led elsewhere is noticed before the container starts.
func TestContainerElsewhereIsNotConfirmed(t *testing.T) {
	mine, _ := isolated(t)
	other, _ := isolated(t)
	for _, c := range []struct {
		name string
		path string
		pid  int
		want bool
	}{
		{"what was judged", utsOf(mine), mine, true},
		{"another's instead of what was judged", utsOf(mine), other, false},
		{"the host's instead of what was judged", utsOf(mine), os.Getpid(), false},
		{"a new one", "", mine, true},
		{"the host's instead of a new one", "", os.Getpid(), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := utsSpec(c.path)
			a := &Accepted{
				Request: &isolator.Request{Spec: s},
				rt:      New(tenant.Root(t.TempDir()), Execute),
				record:  &record.Record{Scope: record.Scope("acme"), ID: "c1", Enforced: true},
				held:    hold(s),
			}
			defer a.Close()
			if err := a.Confirm(c.pid); err == nil != c.want {
				t.Errorf("%v, want confirmed %v", err, c.want)
			}
		})
	}
	t.Run("one that ended", func(t *testing.T) {
		gone, end := isolated(t)
		end()
		a := &Accepted{Request: &isolator.Request{Spec: utsSpec("")}, record: &record.Record{Enforced: true}}
		if a.Confirm(gone) == nil {
			t.Error("confirmed")
		}
	})
}

func TestOneNamespaceOfATypeIsOpened(t *testing.T) {
	mine, _ := isolated(t)
	s := utsSpec(utsOf(mine))
	for range 1000 {
		s.Linux.Namespaces = append(s.Linux.Namespaces,
			specs.LinuxNamespace{Type: specs.UTSNamespace, Path: "/proc/self/ns/uts"}, specs.LinuxNamespace{Type: "gpu", Path: "/proc/self/ns/net"})
	}
	held := hold(s)
	defer held.close()
	if _, ok := held[utsOf(mine)]; !ok || len(held) != 1 {
		t.Errorf("held %v, want the first alone", held)
	}
}
