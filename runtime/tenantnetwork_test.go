package runtime

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

const sharedPolicy = `
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: acme}
spec: {selectors: {containerdNamespaces: [acme, other]}, network: {namespace: Tenant}}
---
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: single}
spec: {selectors: {containerdNamespaces: [single]}}
---
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: watched}
spec: {enforcement: Audit, selectors: {containerdNamespaces: [watched]}, network: {namespace: Tenant}}
---
apiVersion: bulkhead.dev/v1alpha1
kind: NodePolicy
metadata: {name: default}
spec: {network: {provide: [acme, single, watched]}, audit: {record: All}}
`

// networked asks for a container, and returns the path of the network namespace
// that its delegate would read.
func networked(t *testing.T, rt *Runtime, c Caller, change func(*specs.Spec)) (*Accepted, string) {
	t.Helper()
	c.Bundle, _ = bundle(t, change)
	a, err := rt.Create(context.Background(), c, new(isolator.Request))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Close()
		if err := a.Undo(); err != nil {
			t.Error(err)
		}
	})
	data, err := os.ReadFile(filepath.Join(c.Bundle, spec.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	s, err := spec.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, ns := range s.Linux.Namespaces {
		if ns.Type == specs.NetworkNamespace {
			return a, ns.Path
		}
	}
	return a, "none"
}

func gone(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err != nil
}

func TestNewNetworkIsTheTenantsWhereTheNodeSaysSo(t *testing.T) {
	rt := installed(t, sharedPolicy)
	first, path := networked(t, rt, Caller{Namespace: "acme", ID: "c1"}, nil)
	shared := identity(t, path)
	if isHost(shared) {
		t.Fatal("it is the node's")
	}
	second, path := networked(t, rt, Caller{Namespace: "acme", ID: "c2"}, nil)
	if got := identity(t, path); got != shared {
		t.Errorf("the second container is in %v, want the first's, %v", got, shared)
	}
	for name, c := range map[string]struct {
		Caller
		change func(*specs.Spec)
	}{
		"of a tenant with private ones":     {Caller{Namespace: "single", ID: "c3"}, nil},
		"of a tenant in Audit":              {Caller{Namespace: "watched", ID: "c4"}, nil},
		"in a namespace that is not listed": {Caller{Namespace: "other", ID: "c5"}, nil},
		"of a command line":                 {Caller{Namespace: "acme", ID: "c6", Engine: isolator.Podman, Pinned: "acme"}, func(s *specs.Spec) { s.Root.Path = "rootfs" }},
	} {
		if _, got := networked(t, rt, c.Caller, c.change); got != "" {
			t.Errorf("one %s is at %s, want a new one", name, got)
		}
	}
	folder := networkOf(rt.root, "acme")
	for _, a := range []*Accepted{first, second} {
		if gone(t, folder) {
			t.Error("it went before its last container")
		}
		a.Close()
		if err := a.Undo(); err != nil {
			t.Fatal(err)
		}
	}
	if !gone(t, folder) {
		t.Error("it stays after its last container")
	}
}

func TestInterruptedNetworkIsMadeAnew(t *testing.T) {
	rt := installed(t, sharedPolicy)
	folder := networkOf(rt.root, "acme")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := namespace.Make(networkIn(folder)); err != nil {
		t.Fatal(err)
	}
	before := identity(t, networkIn(folder))
	h, err := openNamespace(networkIn(folder)) // or its inode number is the next one's
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(h.fd)
	if _, path := networked(t, rt, Caller{Namespace: "acme", ID: "c1"}, nil); identity(t, path) == before {
		t.Error("it is used as it was found")
	}
}

func TestNetworkThatCannotBeConnectedRefusesTheContainer(t *testing.T) {
	for name, c := range map[string]struct{ conflist, want string }{
		"without a configuration": {"/nowhere/a.conflist", "make the network of tenant acme: read NodePolicy.network.conflist: open /nowhere/a.conflist"},
		"without the program":     {"/dev/null", "NodePolicy.network.conflist is carried out by bulkhead; install it beside the shim"},
	} {
		t.Run(name, func(t *testing.T) {
			rt := installed(t, strings.Replace(sharedPolicy, "network: {provide:", "network: {conflist: "+c.conflist+", provide:", 1))
			dir, _ := bundle(t, nil)
			_, err := rt.Create(context.Background(), Caller{Namespace: "acme", ID: "c1", Bundle: dir}, new(isolator.Request))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			if all, err := record.List(rt.root); err != nil || len(all) > 0 {
				t.Errorf("records are left: %v, %v", all, err)
			}
			if !gone(t, networkOf(rt.root, "acme")) {
				t.Error("it is left")
			}
		})
	}
}

func TestNetworkOfKilledShimIsALeftover(t *testing.T) {
	rt := installed(t, sharedPolicy)
	folder := networkOf(rt.root, "acme")
	networked(t, rt, Caller{Namespace: "acme", ID: "c1"}, nil)
	if found, err := rt.idleNetworks(); err != nil || len(found) > 0 {
		t.Fatalf("a container's network is a leftover: %v, %v", found, err)
	}
	if err := record.Remove(rt.root, record.Scope("acme"), "c1"); err != nil {
		t.Fatal(err)
	}
	found, err := rt.Leftovers()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range found {
		names = append(names, l.Kind+" "+l.Name)
		if err := l.Remove(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if want := "tenant network acme"; !strings.Contains(strings.Join(names, ", "), want) || !gone(t, folder) {
		t.Errorf("leftovers are %v, want %s, and %s gone", names, want, folder)
	}
}
