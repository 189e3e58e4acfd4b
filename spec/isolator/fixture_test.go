package isolator_test

import (
	"flag"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/bulkhead-dev/bulkhead/spec/internal/fixture"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

var update = flag.Bool("update", false, "write what the fixtures in testdata come to")

// each runs a test for every fixture.
func each(t *testing.T, test func(*testing.T, *fixture.Fixture)) {
	t.Helper()
	paths, err := fixture.Paths("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(strings.TrimPrefix(path, "testdata/"), ".txtar")
		t.Run(name, func(t *testing.T) {
			f, err := fixture.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			test(t, f)
		})
	}
}

func decide(t *testing.T, f *fixture.Fixture) fixture.Outcome {
	t.Helper()
	out, err := f.Decide()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFixtures(t *testing.T) {
	each(t, func(t *testing.T, f *fixture.Fixture) {
		got := decide(t, f).Text()
		if got == f.Want {
			return
		}
		if *update {
			if err := f.SetWant(got); err != nil {
				t.Fatal(err)
			}
			return
		}
		t.Errorf("%s (go test -update writes it)", diff.Diff("want", []byte(f.Want), "got", []byte(got)))
	})
}

// An operator who tries a policy in Audit must read there exactly what Enforce
// will refuse.
func TestAuditDenialsEqualEnforce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture.Fixture) {
		f.Policy.Enforcement = tenant.Enforce
		enforced := decide(t, f).Text()
		f.Policy.Enforcement = tenant.Audit
		if audited := decide(t, f).Text(); audited != enforced {
			t.Errorf("%s", diff.Diff("Enforce", []byte(enforced), "Audit", []byte(audited)))
		}
	})
}

// Every attack is refused or has its teeth drawn; the control, the request that
// attacks are made from, passes.
func TestEveryAttackIsStopped(t *testing.T) {
	each(t, func(t *testing.T, f *fixture.Fixture) {
		control := filepath.Base(f.Path) == "00_none.txtar"
		if unchanged := decide(t, f).Text() == "unchanged\n"; f.Subject == "" && unchanged != control {
			t.Errorf("unchanged is %v, want %v", unchanged, control)
		}
	})
}

// A rule that only ever accepts, or only ever refuses, was never shown to be one.
func TestEveryIsolatorHasBothKinds(t *testing.T) {
	accepted, restrained := map[string]bool{}, map[string]bool{}
	each(t, func(t *testing.T, f *fixture.Fixture) {
		out := decide(t, f)
		if len(out.Changes)+len(out.Denials) == 0 {
			accepted[f.Subject] = true
		} else {
			restrained[f.Subject] = true
		}
	})
	for _, i := range isolator.All() {
		if !accepted[i.Name] {
			t.Errorf("testdata/case/%s has no case that passes unchanged", i.Name)
		}
		if !restrained[i.Name] {
			t.Errorf("testdata/case/%s has no case that is refused or changed", i.Name)
		}
	}
}

// Exec and Update are doors of their own: each isolator that guards one shows it.
func TestEveryDoorHasFixtures(t *testing.T) {
	exec, updates := map[string]bool{}, map[string]bool{}
	each(t, func(_ *testing.T, f *fixture.Fixture) {
		exec[f.Subject] = exec[f.Subject] || f.Exec != nil
		updates[f.Subject] = updates[f.Subject] || f.Update != nil
	})
	for _, i := range isolator.All() {
		if i.Exec != nil && !exec[i.Name] {
			t.Errorf("testdata/case/%s has no case with exec.json", i.Name)
		}
		if i.Update != nil && !updates[i.Name] {
			t.Errorf("testdata/case/%s has no case with update.json", i.Name)
		}
	}
}

func TestNoStrayFixtures(t *testing.T) {
	folders := []string{"testdata/attack"}
	for _, i := range isolator.All() {
		folders = append(folders, "testdata/case/"+i.Name)
	}
	err := filepath.WalkDir("testdata", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && (!slices.Contains(folders, filepath.Dir(path)) || filepath.Ext(path) != ".txtar") {
			t.Errorf("%s belongs to no isolator", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
