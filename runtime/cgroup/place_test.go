package cgroup

import (
	"os"
	"slices"
	"testing"

	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func TestPlacesNest(t *testing.T) {
	for base, want := range map[string][]string{
		"/bulkhead":      {"/bulkhead/my-research.t", "/bulkhead/my-research.t/acme.t"},
		"bulkhead.slice": {"bulkhead-my_research.slice", "bulkhead-my_research-acme.slice"},
	} {
		outer := below(base, "my-research")
		inner := below(outer, "acme")
		if got := []string{outer, inner}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if above(inner) != outer || above(outer) != base || above(base) != "" {
			t.Errorf("above %s is %s, %s, %q", inner, above(inner), above(outer), above(base))
		}
		if TenantAt(inner) != "acme" || TenantAt(outer) != "my-research" {
			t.Errorf("%s is of %s, %s of %s", inner, TenantAt(inner), outer, TenantAt(outer))
		}
		if !Holds(outer, inner) || !Holds(inner, inner) || Holds(inner, outer) || Holds(below(base, "my"), inner) {
			t.Errorf("%s: who holds whom is wrong", base)
		}
	}
}

func TestDirectoryOfAPlace(t *testing.T) {
	for place, want := range map[string]string{
		"/bulkhead/acme.t/moby.c1.c":                   "/bulkhead/acme.t/moby.c1.c",
		"/../../bulkhead":                              "/bulkhead",
		"bulkhead-my_research-acme.slice":              "/bulkhead.slice/bulkhead-my_research.slice/bulkhead-my_research-acme.slice",
		"bulkhead-acme.slice:bulkhead_moby:c1":         "/bulkhead.slice/bulkhead-acme.slice/bulkhead_moby-c1.scope",
		"kubepods-podx.slice:cri-containerd:../../etc": "/kubepods.slice/kubepods-podx.slice/etc.scope",
		"relative/c1":                                  "relative/c1",
	} {
		if got := directory(place); got != want {
			t.Errorf("%s is in %s, want %s", place, got, want)
		}
	}
}

// research is above acme, as tenants that nest.
func nested(memory int64) *Tenant {
	up := &tenant.Policy{Name: "research", Weight: 100, Limits: tenant.Limits{MemoryBytes: &memory, Pids: 500}}
	down := acme()
	down.Ancestors = []string{"research"}
	return &Tenant{Policy: down, Parent: &Tenant{Policy: up}}
}

// made makes a tenant's cgroup below its parent's, for a container that is
// recorded until the test ends.
func made(t *testing.T, root tenant.Root, of *Tenant, id string) string {
	t.Helper()
	tree := New(root, nil)
	place, err := tree.Place(of.Policy)
	if err != nil {
		t.Fatal(err)
	}
	r := &record.Record{Scope: "containerd:test", ID: id, Tenant: of.Name, TenantCgroup: place}
	locks, err := tree.Chain(of.Policy)
	if err == nil {
		err = tree.Locked(locks, func() error {
			if err := record.Create(root, r); err != nil {
				return err
			}
			return tree.Ensure(of)
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { gone(t, root, r) })
	return place
}

func gone(t *testing.T, root tenant.Root, r *record.Record) {
	t.Helper()
	if err := record.Remove(root, r.Scope, r.ID); err != nil {
		t.Error(err)
	}
	if err := New(root, nil).Release(r.TenantCgroup); err != nil {
		t.Error(err)
	}
}

func TestATenantIsMadeBelowItsParentAndGoesWithIt(t *testing.T) {
	root := installation(t)
	place := made(t, root, nested(512<<20), "a")
	if want := placeOf(root, "research") + "/acme.t"; place != want {
		t.Fatalf("its place is %s, want %s", place, want)
	}
	outer := opened(t, placeOf(root, "research"))
	if !exists(outer) || !exists(opened(t, place)) {
		t.Fatal("one of the two is missing")
	}
	if got := limitOf(t, outer); got != 512<<20 {
		t.Errorf("the parent's memory limit is %d", got)
	}
	gone(t, root, &record.Record{Scope: "containerd:test", ID: "a", TenantCgroup: place})
	if left := residue(t, root); left != nil {
		t.Errorf("left: %v", left)
	}
}

func TestATenantStaysWhereItWasMade(t *testing.T) {
	root := installation(t)
	place := made(t, root, nested(512<<20), "a")
	free := acme() // the policy has no parent for it any more
	if again, err := New(root, nil).Place(free); err != nil || again != place {
		t.Errorf("now it is at %s (%v), want %s: it would have its limits twice", again, err, place)
	}
	if second := made(t, root, &Tenant{Policy: free}, "b"); second != place {
		t.Errorf("the next container goes to %s", second)
	}
	for _, id := range []string{"a", "b"} {
		gone(t, root, &record.Record{Scope: "containerd:test", ID: id, TenantCgroup: place})
	}
	if again, err := New(root, nil).Place(free); err != nil || again != placeOf(root, "acme") {
		t.Errorf("after its last container it is at %s (%v)", again, err)
	}
}

func TestANoteOfACgroupThatIsGoneCountsForNothing(t *testing.T) {
	root := installation(t)
	tree := New(root, nil)
	if err := os.MkdirAll(root.Tenants(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tree.note("acme"), []byte("/elsewhere/acme.t\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if place, err := tree.Place(acme()); err != nil || place != placeOf(root, "acme") {
		t.Errorf("its place is %s, %v", place, err)
	}
}

// limitOf reads a memory limit, whatever the version.
func limitOf(t *testing.T, m cgroups.Manager) int64 {
	t.Helper()
	file := "memory.max"
	if !v2() {
		file = memoryV1
	}
	v, err := current(m, values{file: ""})
	if err != nil {
		t.Fatal(err)
	}
	return v.number(file)
}
