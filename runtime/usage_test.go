package runtime

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

type amounts = map[cgroup.Figure]float64

func TestCountsNeverFall(t *testing.T) {
	for _, c := range []struct {
		what        string
		before, now cgroup.Stats
		want        float64
	}{
		{"it grew", cgroup.Stats{ID: 1, Figures: amounts{cgroup.CPUUsage: 3}}, cgroup.Stats{ID: 1, Figures: amounts{cgroup.CPUUsage: 5}}, 2},
		{"it is new", cgroup.Stats{}, cgroup.Stats{ID: 1, Figures: amounts{cgroup.CPUUsage: 5}}, 5},
		{"another is at its place", cgroup.Stats{ID: 1, Figures: amounts{cgroup.CPUUsage: 9}}, cgroup.Stats{ID: 2, Figures: amounts{cgroup.CPUUsage: 5}}, 5},
		{"one below it went", cgroup.Stats{ID: 1, Figures: amounts{cgroup.CPUUsage: 9}}, cgroup.Stats{ID: 1, Figures: amounts{cgroup.CPUUsage: 5}}, 0},
		{"it was not readable before", cgroup.Stats{ID: 1, Figures: amounts{}}, cgroup.Stats{ID: 1, Figures: amounts{cgroup.CPUUsage: 5}}, 0},
	} {
		c.now.Figures[cgroup.Pids] = 7 // no count
		if diff := cmp.Diff(amounts{cgroup.CPUUsage: c.want}, growth(c.before, c.now)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, diff)
		}
	}
}

func TestATenantKeepsWhatAPodOfItUsed(t *testing.T) {
	m := NewMeter(nil)
	own := cgroup.Stats{ID: 1, Figures: amounts{cgroup.CPUUsage: 10, cgroup.Memory: 100, cgroup.CPUPressure: 0.5}}
	pod := cgroup.Stats{ID: 2, Figures: amounts{cgroup.CPUUsage: 5, cgroup.Memory: 50, cgroup.CPUPressure: 0.25}}
	seen := map[string]cgroup.Stats{"/own": own, "/pod": pod}
	grown := map[string]map[cgroup.Figure]float64{"/own": {cgroup.CPUUsage: 10}, "/pod": {cgroup.CPUUsage: 5}}
	got := m.sum("acme", []string{"/own", "/pod"}, seen, grown)
	want := amounts{cgroup.CPUUsage: 15, cgroup.Memory: 150, cgroup.CPUPressure: 0.5} // who waits at the same time waits once
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	delete(seen, "/pod")
	got = m.sum("acme", []string{"/own", "/pod"}, seen, map[string]map[cgroup.Figure]float64{"/own": {cgroup.CPUUsage: 1}})
	if got[cgroup.CPUUsage] != 16 || got[cgroup.Memory] != 100 {
		t.Errorf("without the pod: %v, want 16 s and 100 bytes", got)
	}
	if got := m.sum("globex", []string{"/none"}, seen, nil); len(got) != 0 {
		t.Errorf("of a tenant that does not run: %v, want nothing", got)
	}
}

func TestPartsOfATenantAreCountedOnce(t *testing.T) {
	inOwn := &record.Record{ID: "a", TenantCgroup: "/b/acme.t", Cgroup: "/b/acme.t/x.a.c"}
	nested := &record.Record{ID: "b", TenantCgroup: "/b/acme.t/ci.t", Cgroup: "/b/acme.t/ci.t/x.b.c"}
	moved := &record.Record{ID: "c", TenantCgroup: "/b/old.t/qa.t/deep.t", Cgroup: "/b/old.t/qa.t/deep.t/x.c.c"}
	above := &record.Record{ID: "d", TenantCgroup: "/b/old.t/qa.t", Cgroup: "/b/old.t/qa.t/x.d.c"}
	pod := &record.Record{ID: "e", Cgroup: "/kubepods/pod1/e"}
	around := &record.Record{ID: "f", Cgroup: "/kubepods"} // as a client of the engine may ask in Audit
	records := []*record.Record{inOwn, nested, moved, above, pod, around}
	pods, err := outside(records)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/b/acme.t", "/b/old.t/qa.t", "/kubepods/pod1/e"}
	if diff := cmp.Diff(want, partsOf("/b/acme.t", records, pods)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTenantsThatOnlyRunAreListedBelowTheirParents(t *testing.T) {
	known := []*tenant.Policy{{Name: "b", Ancestors: []string{"z"}}, {Name: "z"}, {Name: "y"}}
	records := []*record.Record{
		{Tenant: "b", Ancestors: []string{"z"}},
		{Tenant: "gone", Ancestors: []string{"z", "b"}},
		{Exempt: true},
	}
	var got []string
	for _, u := range withRunning(known, records) {
		got = append(got, u.Tenant)
		if (u.Policy == nil) != (u.Tenant == "gone") {
			t.Errorf("%s has the policy %v", u.Tenant, u.Policy)
		}
	}
	if diff := cmp.Diff([]string{"y", "z", "b", "gone"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMeterReadsTheTenantsOfThePolicyInForce(t *testing.T) {
	m := NewMeter(installed(t, policy))
	all, _, err := m.Read()
	if err != nil || len(all) == 0 {
		t.Fatalf("got %d tenants, %v", len(all), err)
	}
	if all[0].Policy == nil || len(all[0].Figures) != 0 {
		t.Errorf("got %+v, want the policy, and no figures of what does not run", all[0])
	}
}

func TestWholeOfATenant(t *testing.T) {
	rt := installed(t, policy)
	if _, err := rt.Whole("nobody"); !errors.Is(err, ErrNoTenant) {
		t.Errorf("got %v, want that there is no such tenant", err)
	}
	gone := &record.Record{Scope: "containerd:x", ID: "a", Tenant: "gone", Ancestors: []string{"up"}, TenantCgroup: "/b/up.t/gone.t"}
	if err := record.Create(rt.root, gone); err != nil {
		t.Fatal(err)
	}
	for name, above := range map[string]int{"acme": 0, "gone": 1, "up": 0} {
		w, err := rt.Whole(name)
		if err != nil {
			t.Fatal(err)
		}
		if w.Containers != 0 || len(w.above) != above {
			t.Errorf("%s is %+v", name, w)
		}
		if err := errors.Join(w.Freeze(), w.Thaw(), w.Kill()); err != nil {
			t.Errorf("%s, of which nothing runs: %v", name, err)
		}
	}
}
