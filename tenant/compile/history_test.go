package compile

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func TestRollbackGoesBackWithExemptionsAndObjects(t *testing.T) {
	root := tenant.Root(t.TempDir())
	first := apply(t, root, tenantDoc("acme", "{weight: 1}"), nodeDoc("{exemptions: {containerdNamespaces: [old, both]}}"))
	second := apply(t, root, tenantDoc("acme", "{weight: 2}"), nodeDoc("{exemptions: {containerdNamespaces: [new, both]}}"))

	version, changed, err := Rollback(root, "", Entry{})
	if err != nil || !changed || version != first {
		t.Fatalf("rollback: %s, %v, %v; want %s", version, changed, err, first)
	}
	got, err := Exemptions(root, tenant.ContainerdNamespace)
	if err != nil || !slices.Equal(got, []string{"both", "old"}) {
		t.Errorf("exemptions are %v (%v)", got, err)
	}
	objects, err := Load(root)
	if err != nil || len(objects) != 2 || *objects[1].Tenant.Spec.Weight != 1 {
		t.Errorf("objects are %v (%v)", objects, err)
	}

	if version, _, err = Rollback(root, "", Entry{}); err != nil || version != second {
		t.Errorf("rollback of the rollback: %s (%v), want %s", version, err, second)
	}
	if version, changed, err = Rollback(root, second[:8], Entry{}); err != nil || changed || version != second {
		t.Errorf("rollback to what is in force: %s, %v, %v", version, changed, err)
	}
	if _, _, err = Rollback(root, "zzz", Entry{}); !errors.Is(err, ErrNoVersion) {
		t.Errorf("rollback to nothing: %v", err)
	}
}

func TestFirstVersionCannotBeRolledBack(t *testing.T) {
	root := tenant.Root(t.TempDir())
	apply(t, root, tenantDoc("acme", "{}"))
	if _, _, err := Rollback(root, "", Entry{}); !errors.Is(err, ErrNothingBefore) {
		t.Errorf("got %v", err)
	}
}

func TestOldVersionsGoExceptThoseThatContainersName(t *testing.T) {
	root := tenant.Root(t.TempDir())
	var versions []string
	for i := range keepVersions + 5 {
		versions = append(versions, apply(t, root, tenantDoc("acme", fmt.Sprintf("{weight: %d}", i+1))))
		if i == 1 {
			r := &record.Record{Scope: record.Scope("acme"), ID: "c", Version: versions[1]}
			if err := record.Create(root, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := append([]string{versions[1]}, versions[5:]...)
	slices.Sort(want)
	got, err := Versions(root)
	if slices.Sort(got); err != nil || !slices.Equal(got, want) {
		t.Errorf("%d versions (%v), want the newest %d and the container's", len(got), err, keepVersions)
	}
	if err := record.Remove(root, record.Scope("acme"), "c"); err != nil {
		t.Fatal(err)
	}
	apply(t, root, tenantDoc("acme", "{weight: 1000}"))
	if got, err = Versions(root); err != nil || slices.Contains(got, versions[1]) {
		t.Errorf("the version of a container that is gone stays (%v)", err)
	}
}
