package runtime

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/manager"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// aContainer is one with a process and a cgroup, as a delegate makes it.
type aContainer struct {
	*Accepted
	cgroup cgroups.Manager
}

func (rt *Runtime) start(t *testing.T, id string) aContainer {
	t.Helper()
	if cgroup.Driver() == "systemd" {
		t.Skip("makes cgroups beside systemd's; the tests with real engines make slices")
	}
	dir, _ := bundle(t, nil)
	a, err := rt.Create(context.Background(), Caller{Namespace: "acme", ID: id, Bundle: dir}, new(isolator.Request))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Undo(); err != nil {
			t.Error(err)
		}
	})
	m, err := manager.New(&cgroups.Cgroup{Path: a.Leaf(), Resources: &cgroups.Resources{}})
	if err != nil {
		t.Fatal(err)
	}
	process := exec.Command("sleep", "600")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
		if err := m.Destroy(); err != nil {
			t.Error(err)
		}
	})
	if err := m.Apply(process.Process.Pid); err != nil {
		t.Fatal(err)
	}
	if err := cgroup.RestoreContainer(a.Leaf(), a.record.Resources); err != nil {
		t.Fatal(err)
	}
	if err := a.Started(context.Background(), process.Process.Pid); err != nil {
		t.Fatal(err)
	}
	return aContainer{a, m}
}

// overwrite changes a file as somebody else would, up levels above the cgroup.
func (c aContainer) overwrite(t *testing.T, up int, file, value string) {
	t.Helper()
	controller, _, _ := strings.Cut(file, ".")
	dir := c.cgroup.Path(controller)
	for range up {
		dir = filepath.Dir(dir)
	}
	if err := os.WriteFile(filepath.Join(dir, file), []byte(value), 0); err != nil {
		t.Fatal(err)
	}
}

// verified are the subjects and fields of what is found of limits and places: a
// container is a process with the node's own rights here, and tests with real
// engines look at those.
func verified(t *testing.T, rt *Runtime, only VerifyOnly) (v *Verified, found []string) {
	t.Helper()
	v, err := rt.Verify(only)
	if err != nil {
		t.Fatal(err)
	}
	v.Findings = slices.DeleteFunc(v.Findings, func(f Finding) bool {
		return strings.HasPrefix(f.Field, "process.") || strings.HasPrefix(f.Field, "linux.")
	})
	for _, f := range v.Findings {
		found = append(found, f.Tenant+" "+f.Container+" "+f.Field)
	}
	return v, found
}

func TestVerifyNamesWhatDiffersAndOnlyThat(t *testing.T) {
	rt := installed(t, policy)
	if v, found := verified(t, rt, VerifyOnly{}); v.Tenants != 0 || v.Containers != 0 || found != nil {
		t.Errorf("before anything runs: %+v", v)
	}
	a, b := rt.start(t, "a"), rt.start(t, "b")
	if v, found := verified(t, rt, VerifyOnly{}); v.Tenants != 1 || v.Containers != 2 || found != nil {
		t.Fatalf("as they were made: %+v", v)
	}
	a.overwrite(t, 0, "pids.max", "9000")
	a.overwrite(t, 1, "pids.max", "9001")
	wide, narrow := []string{"acme  pids.max", "acme acme/a pids.max"}, []string{"acme acme/a pids.max"}
	if _, found := verified(t, rt, VerifyOnly{}); !slices.Equal(found, wide) {
		t.Errorf("found %q, want %q", found, wide)
	}
	for _, c := range []struct {
		only VerifyOnly
		want []string
	}{
		{VerifyOnly{Tenant: "acme"}, wide},
		{VerifyOnly{Tenant: "watched"}, nil},
		{VerifyOnly{Containers: []*record.Record{a.record}}, narrow},
		{VerifyOnly{Containers: []*record.Record{b.record}}, nil},
	} {
		if _, found := verified(t, rt, c.only); !slices.Equal(found, c.want) {
			t.Errorf("%+v: found %q, want %q", c.only, found, c.want)
		}
	}
}

func TestVerifyFindsAProcessOutsideItsContainersCgroup(t *testing.T) {
	rt := installed(t, policy)
	c := rt.start(t, "a")
	dir := c.cgroup.Path("pids")
	if err := cgroups.WriteCgroupProc(filepath.Dir(filepath.Dir(filepath.Dir(dir))), c.record.Pid); err != nil {
		t.Fatal(err)
	}
	_, found := verified(t, rt, VerifyOnly{})
	if len(found) != 1 || !strings.Contains(found[0], "cgroup of process") {
		t.Errorf("found %q", found)
	}
	if err := cgroups.WriteCgroupProc(dir, c.record.Pid); err != nil {
		t.Fatal(err)
	}
	if _, found := verified(t, rt, VerifyOnly{}); found != nil {
		t.Errorf("back: found %q", found)
	}
}

// A record that says another limit than the policy in force: an apply was killed
// on its way.
func TestVerifyComparesTheRecordToo(t *testing.T) {
	rt := installed(t, policy)
	c := rt.start(t, "a")
	c.record.Resources.Pids.Limit = new(int64(63))
	if err := record.Save(rt.root, c.record); err != nil {
		t.Fatal(err)
	}
	if _, found := verified(t, rt, VerifyOnly{}); !slices.Equal(found, []string{"acme acme/a the record of pids.max"}) {
		t.Errorf("found %q", found)
	}
}

func TestVerifySaysWhichRecordItCannotRead(t *testing.T) {
	rt := installed(t, policy)
	c := rt.start(t, "a")
	path := filepath.Join(rt.root.Containers(), "containerd:acme", "broken.json")
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := rt.Verify(VerifyOnly{})
	if err == nil || !strings.Contains(err.Error(), "broken.json") {
		t.Errorf("got %v", err)
	}
	if v == nil || v.Containers != 1 {
		t.Errorf("the others were not looked at: %+v (%s runs)", v, c.record.ID)
	}
}

// The kernel has the limits again at once, and the delegate is sent the full
// set; a container that nobody touched costs no process.
func TestReconcileMendsWhatSomebodyElseChanged(t *testing.T) {
	rt := installed(t, policy)
	a := rt.start(t, "a")
	rt.start(t, "b")
	var told []specs.LinuxResources
	rt.run = func(ctx context.Context, env []string, stdin []byte, program string, args ...string) ([]byte, error) {
		if !slices.Contains(args, "update") {
			return Execute(ctx, env, stdin, program, args...)
		}
		var r specs.LinuxResources
		err := json.Unmarshal(stdin, &r)
		told = append(told, r)
		return nil, err
	}
	reconcile := func() {
		t.Helper()
		if _, err := rt.Reconcile(context.Background(), Change{}); err != nil {
			t.Fatal(err)
		}
	}
	reconcile()
	if told != nil {
		t.Errorf("delegates were told, of containers that hold: %+v", told)
	}
	a.overwrite(t, 0, "pids.max", "9000")
	a.overwrite(t, 1, "pids.max", "9001")
	reconcile()
	if _, found := verified(t, rt, VerifyOnly{}); found != nil {
		t.Errorf("not mended: %q", found)
	}
	if len(told) != 1 || told[0].Pids == nil || told[0].Memory == nil || told[0].CPU == nil {
		t.Errorf("delegates were told %+v, want the full set of one container", told)
	}
}
