package runtime

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func TestGCRemovesOnlyWhatNobodyWillAskForAgain(t *testing.T) {
	rt := installed(t, policy)
	made := func(id string) *Accepted {
		dir, _ := bundle(t, nil)
		a, err := rt.Create(context.Background(), Caller{Namespace: "acme", ID: id, Bundle: dir}, new(isolator.Request))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	lost, stopped, living := made("lost"), made("stopped"), made("living")
	process := exec.Command("sleep", "60")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	}()
	if err := living.Started(context.Background(), process.Process.Pid); err != nil {
		t.Fatal(err)
	}
	for _, a := range []*Accepted{lost, living} { // the engine's folder of "stopped" is still there
		if err := os.RemoveAll(a.record.Bundle); err != nil {
			t.Fatal(err)
		}
	}
	collect := func() (names []string) {
		found, err := rt.Leftovers()
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range found {
			names = append(names, l.Kind+" "+l.Name)
			if err := l.Remove(context.Background()); err != nil {
				t.Error(err)
			}
		}
		return names
	}
	if got := collect(); len(got) != 1 || got[0] != "container containerd:acme/lost" {
		t.Errorf("collected %v, want only the lost container", got)
	}
	if _, _, ok, _ := rt.tree.Usage(&tenant.Policy{Name: "acme"}); !ok {
		t.Error("the tenant's cgroup went while it has containers")
	}
	for _, a := range []*Accepted{stopped, living} { // killed before it released the cgroup
		if err := record.Remove(rt.root, a.record.Scope, a.record.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got := collect(); len(got) != 1 || got[0] != "tenant cgroup acme" {
		t.Errorf("collected %v, want the tenant's cgroup", got)
	}
	if _, _, ok, _ := rt.tree.Usage(&tenant.Policy{Name: "acme"}); ok {
		t.Error("the tenant's cgroup is still there")
	}
	if got := collect(); got != nil {
		t.Errorf("collected %v, want nothing", got)
	}
}
