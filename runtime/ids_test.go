package runtime

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/opencontainers/runtime-spec/specs-go/features"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// twoTenants have one daemon, as with Docker's userns-remap.
const twoTenants = `
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: acme}
spec: {selectors: {containerdNamespaces: [acme]}}
---
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: globex}
spec: {selectors: {containerdNamespaces: [globex]}}
---
apiVersion: bulkhead.dev/v1alpha1
kind: NodePolicy
metadata: {name: default}
spec: {audit: {record: All}}
`

// remapped gives a spec a user namespace with a range of the node's IDs.
func remapped(first uint32) func(*specs.Spec) {
	return func(s *specs.Spec) {
		mappings := []specs.LinuxIDMapping{{HostID: first, Size: 65536}}
		s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.UserNamespace})
		s.Linux.UIDMappings, s.Linux.GIDMappings = mappings, mappings
	}
}

func TestTwoTenantsNeverHaveTheSameIDs(t *testing.T) {
	rt := installed(t, twoTenants)
	create := func(namespace, id string, first uint32) (*Accepted, error) {
		dir, _ := bundle(t, remapped(first))
		return rt.Create(context.Background(), Caller{Namespace: namespace, ID: id, Bundle: dir}, new(isolator.Request))
	}
	started := func(namespace, id string, first uint32) *Accepted {
		t.Helper()
		a, err := create(namespace, id, first)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	first, second := started("acme", "c1", 100000), started("acme", "c2", 100000) // a tenant's own may share
	if _, err := create("globex", "c1", 165535); err == nil || !strings.Contains(err.Error(), "refused by userns: linux.uidMappings is ") {
		t.Errorf("a range that overlaps another tenant's: %v", err)
	}
	beside := started("globex", "c2", 165536)
	r, err := record.Load(rt.root, record.Scope("globex"), "c2")
	if err != nil || len(r.UIDMappings) != 1 || r.UIDMappings[0].HostID != 165536 || len(r.GIDMappings) != 1 {
		t.Errorf("recorded %+v, %v", r, err)
	}
	if err := first.Undo(); err != nil {
		t.Fatal(err)
	}
	if _, err := create("globex", "c3", 100000); err == nil {
		t.Error("acme's other container has these IDs, and globex gets them")
	}
	if err := second.Undo(); err != nil {
		t.Fatal(err)
	}
	for _, a := range []*Accepted{started("globex", "c3", 100000), beside} { // nobody's any more
		if err := a.Undo(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestForeignIDsAreThoseOfLivingContainers(t *testing.T) {
	rt := installed(t, twoTenants)
	now, err := record.StartTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for id, r := range map[string]record.Record{
		"runs":   {Tenant: "globex", Pid: os.Getpid(), StartTime: now},
		"made":   {Tenant: "globex"},
		"ended":  {Tenant: "globex", Pid: os.Getpid(), StartTime: now - 1},
		"own":    {Tenant: "acme", Pid: os.Getpid(), StartTime: now},
		"exempt": {Exempt: true, Pid: os.Getpid(), StartTime: now},
	} {
		r.ID, r.Scope = id, record.Scope("x")
		first := uint32(id[0]) << 20
		r.UIDMappings = []specs.LinuxIDMapping{{HostID: first, Size: 10}, {ContainerID: 10, HostID: first + 100, Size: 1}}
		r.GIDMappings = []specs.LinuxIDMapping{{HostID: first + 7, Size: 10}}
		if err := record.Create(rt.root, &r); err != nil {
			t.Fatal(err)
		}
	}
	ids, err := rt.foreignIDs("acme")
	if err != nil {
		t.Fatal(err)
	}
	got := map[isolator.IDRange]bool{}
	for _, r := range slices.Concat(ids.UIDs, ids.GIDs) {
		got[r] = true
	}
	want := map[isolator.IDRange]bool{}
	for name, tenant := range map[string]string{"runs": "globex", "made": "globex", "exempt": ""} {
		first := uint32(name[0]) << 20
		want[isolator.IDRange{First: first, Size: 10, Tenant: tenant}] = true
		want[isolator.IDRange{First: first + 100, Size: 1, Tenant: tenant}] = true
		want[isolator.IDRange{First: first + 7, Size: 10, Tenant: tenant}] = true
	}
	if !maps.Equal(got, want) || len(ids.UIDs) != 6 || len(ids.GIDs) != 3 {
		t.Errorf("foreign IDs are %+v", ids)
	}
}

// Reading all records of a node takes longer than the rest of a start.
func TestOnlyMappingsCostALookAtAllRecords(t *testing.T) {
	rt := installed(t, twoTenants)
	if err := os.MkdirAll(filepath.Dir(rt.root.Containers()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(rt.root.Containers(), nil, 0o600); err != nil { // no folder: it cannot be listed
		t.Fatal(err)
	}
	plain, mapped := new(specs.Spec), &specs.Spec{Linux: new(specs.Linux)}
	remapped(100000)(mapped)
	f := new(isolator.Facts)
	if err := rt.idFacts(f, plain, "acme"); err != nil || f.UserLimits != nil {
		t.Errorf("without mappings: %v, %v", f.UserLimits, err)
	}
	if err := rt.idFacts(f, mapped, "acme"); err == nil {
		t.Error("with mappings the records that cannot be read do not matter")
	}
}

func TestUserLimitsAreTheNodes(t *testing.T) {
	limits, err := userLimits("/proc/sys/user")
	if err != nil || limits["user.max_user_namespaces"] == 0 {
		t.Errorf("%v, %v", limits, err)
	}
	if limits, err := userLimits(filepath.Join(t.TempDir(), "none")); limits != nil || err != nil {
		t.Errorf("a kernel without them: %v, %v", limits, err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "max_x"), []byte("many\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := userLimits(dir); err == nil {
		t.Error("what is no number is accepted")
	}
}

func TestRuncVersion(t *testing.T) {
	for name, c := range map[string]struct {
		annotations map[string]string
		want        string
	}{
		"runc":         {map[string]string{"org.opencontainers.runc.version": "1.5.2", "org.opencontainers.runc.commit": ""}, "1.5.2"},
		"like runc":    {map[string]string{"org.opencontainers.runc.version": "1.5.2", "run.oci.crun.version": "1.30"}, ""},
		"says nothing": {nil, ""},
	} {
		d := &Delegate{Features: &features.Features{Annotations: c.annotations}}
		if got := d.runcVersion(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := new(Delegate).runcVersion(); got != "" {
		t.Errorf("without features: %q", got)
	}
}
