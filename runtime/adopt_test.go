package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// podPolicy is a policy for the pods of two tenants, whose engine keeps its namespaces
// in a folder.
func podPolicy(folder string) string {
	var b strings.Builder
	for _, name := range []string{"acme", "globex"} {
		fmt.Fprintf(&b, `
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: %s}
spec: {selectors: {kubernetesNamespaces: [%s]}, limits: {memory: 1Gi}}
---`, name, name)
	}
	fmt.Fprintf(&b, `
apiVersion: bulkhead.dev/v1alpha1
kind: NodePolicy
metadata: {name: default}
spec: {exemptions: {kubernetesNamespaces: [kube-system]}, engineRoots: [%s], audit: {record: All}}
`, folder)
	return b.String()
}

// sandbox asks for a pod's sandbox that brings a uts namespace.
func sandbox(t *testing.T, rt *Runtime, namespace, id, path string) (*Accepted, error) {
	t.Helper()
	return rt.Create(context.Background(), sandboxOf(t, namespace, id, path), new(isolator.Request))
}

// sandboxOf makes the bundle of one.
func sandboxOf(t *testing.T, namespace, id, path string) Caller {
	t.Helper()
	dir, _ := bundle(t, func(s *specs.Spec) {
		all := []specs.LinuxNamespace{{Type: specs.UTSNamespace, Path: path}}
		for _, kind := range []specs.LinuxNamespaceType{specs.PIDNamespace, specs.NetworkNamespace, specs.IPCNamespace, specs.MountNamespace} {
			all = append(all, specs.LinuxNamespace{Type: kind})
		}
		*s = specs.Spec{
			Version: s.Version,
			Process: s.Process,
			Root:    &specs.Root{Path: "rootfs"},
			Linux:   &specs.Linux{CgroupsPath: "/kubepods/pod" + id + "/" + id, Namespaces: all, Resources: &specs.LinuxResources{}},
			Annotations: map[string]string{
				criContainerType: "sandbox", criSandboxID: id, criNamespace: namespace, criPodName: id, criPodUID: id,
			},
		}
	})
	return Caller{Namespace: tenant.Kubernetes, ID: id, Bundle: dir}
}

// podNode is an installation for pods, and a path of the engine's at which a
// namespace is mounted that nobody recorded lives in.
func podNode(t *testing.T) (rt *Runtime, path string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "netns")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	rt = installed(t, podPolicy(filepath.Dir(folder)))
	pid, _ := isolated(t)
	return rt, pinned(t, folder, utsOf(pid))
}

func TestSandboxAdoptsWhatItsEngineMade(t *testing.T) {
	rt, path := podNode(t)
	a, err := sandbox(t, rt, "acme", "s1", path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	r, err := record.Load(rt.root, record.Scope(tenant.Kubernetes), "s1")
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Namespaces) != 1 || r.Namespaces[0] != identity(t, path) || r.Pid != 0 {
		t.Errorf("the record holds %v before the delegate has made a process, want what %s leads to", r.Namespaces, path)
	}
	var denied isolator.Denials
	for _, namespace := range []string{"acme", "globex"} {
		if _, err := sandbox(t, rt, namespace, "s2", path); !errors.As(err, &denied) {
			t.Errorf("another sandbox, of %s: %v, want a denial", namespace, err)
		}
	}
	if err := a.Undo(); err != nil {
		t.Fatal(err)
	}
	b, err := sandbox(t, rt, "globex", "s2", path)
	if err != nil {
		t.Fatalf("after the first was taken back: %v", err)
	}
	b.Close()
	if err := b.Undo(); err != nil {
		t.Fatal(err)
	}
}

func TestSandboxAdoptsNothingElse(t *testing.T) {
	rt, path := podNode(t)
	folder := filepath.Dir(path)
	link := filepath.Join(folder, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	foreign := t.TempDir()
	if err := os.Chown(foreign, 1000, 1000); err != nil {
		t.Fatal(err)
	}
	elsewhere, _ := isolated(t)
	for name, path := range map[string]string{
		"by a link in the right folder":     link,
		"what a process has":                utsOf(elsewhere),
		"in another folder":                 pinned(t, t.TempDir(), utsOf(elsewhere)),
		"in a folder that is not root's":    pinned(t, foreign, utsOf(elsewhere)),
		"the host's, in the right folder":   pinned(t, folder, "/proc/self/ns/uts"),
		"another type, in the right folder": pinned(t, folder, "/proc/self/ns/net"),
	} {
		a, err := sandbox(t, rt, "acme", "s1", path)
		var denied isolator.Denials
		if !errors.As(err, &denied) {
			t.Errorf("%s: %v, want a denial", name, err)
		}
		if a != nil {
			a.Close()
		}
	}
}

// An exempt sandbox has what it brings, although nobody asks whether it may.
func TestSandboxDoesNotAdoptWhatAnExemptOneHas(t *testing.T) {
	rt, path := podNode(t)
	a, err := sandbox(t, rt, "kube-system", "s1", path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var denied isolator.Denials
	if _, err := sandbox(t, rt, "acme", "s2", path); !errors.As(err, &denied) {
		t.Errorf("%v, want a denial", err)
	}
}

// A shim that was killed while it made a sandbox leaves a record without a
// process: it counts until the engine has taken the bundle away.
func TestRecordWithoutAProcessCountsWhileItsBundleIsThere(t *testing.T) {
	rt, path := podNode(t)
	a, err := sandbox(t, rt, "acme", "s1", path)
	if err != nil {
		t.Fatal(err)
	}
	a.Close()
	if err := os.RemoveAll(a.record.Bundle); err != nil {
		t.Fatal(err)
	}
	b, err := sandbox(t, rt, "globex", "s2", path)
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
}

func TestOneOfManySandboxesAdopts(t *testing.T) {
	rt, path := podNode(t)
	const many, rounds = 6, 15
	for round := range rounds {
		var mu sync.Mutex
		var accepted []*Accepted
		var wg sync.WaitGroup
		begin := make(chan struct{})
		for i := range many {
			c := sandboxOf(t, []string{"acme", "globex"}[i%2], fmt.Sprintf("s%d-%d", round, i), path)
			wg.Go(func() {
				<-begin
				a, err := rt.Create(context.Background(), c, new(isolator.Request))
				var denied isolator.Denials
				if err != nil && !errors.As(err, &denied) {
					t.Errorf("%v, want a denial", err)
				}
				if a != nil {
					mu.Lock()
					defer mu.Unlock()
					accepted = append(accepted, a)
				}
			})
		}
		close(begin)
		wg.Wait()
		for _, a := range accepted {
			a.Close()
			if err := a.Undo(); err != nil {
				t.Fatal(err)
			}
		}
		if len(accepted) != 1 {
			t.Fatalf("round %d: %d sandboxes adopted one namespace", round, len(accepted))
		}
	}
}
