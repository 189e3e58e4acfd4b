package cgroup

import (
	"testing"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

func TestUnenforcedNamesTheKeysThatThisNodeHoldsInPart(t *testing.T) {
	tree := New(installation(t), nil)
	notes := func(change func(*tenant.Policy)) map[string]string {
		p := globex()
		change(p)
		by := map[string]string{}
		for _, n := range tree.Unenforced(&Tenant{Policy: p}) {
			by[n.Key] = n.What
		}
		return by
	}
	if got := notes(func(*tenant.Policy) {}); len(got) > 0 {
		t.Errorf("of a tenant without them: %v", got)
	}
	got := notes(func(p *tenant.Policy) { p.Requests.MemoryBytes = 1 << 20 })["requests.memory"]
	protection, err := MemoryProtection()
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case protection == nil && got != NoMemoryProtection:
		t.Errorf("requests.memory on v1: %q", got)
	case protection != nil && protection.Recursive != (got == ""):
		t.Errorf("requests.memory, %+v: %q", protection, got)
	}
	idle, err := tree.KernelHas("cpu.idle")
	if err != nil {
		t.Fatal(err)
	}
	if got := notes(func(p *tenant.Policy) { p.Priority = tenant.Idle })["priority"]; idle != (got == "") {
		t.Errorf("priority, cpu.idle %v: %q", idle, got)
	}
	limited := []tenant.BlockIO{{Device: "/"}, {Device: "/"}}
	if got := notes(func(p *tenant.Policy) { p.Limits.BlockIO = limited })["limits.blockIO"]; !v2() && got != DirectIOPerContainer {
		t.Errorf("limits.blockIO on v1: %q", got)
	}
	swap := notes(func(p *tenant.Policy) { p.Limits.SwapBytes = 1 << 20 })["limits.swap"]
	if !Swapping() && swap != "" {
		t.Errorf("limits.swap without any swap: %q", swap)
	}
}

// A node may have no cgroup to ask; then the installation's own is made for a
// moment, which installation(t) expects to be gone.
func TestTheKernelIsAskedOfACgroupThatGoesAgain(t *testing.T) {
	tree := New(installation(t), nil)
	for file, want := range map[string]bool{"pids.max": true, "pids.none": false, "none.max": false} {
		for name, ask := range map[string]func(string) (bool, error){"any": tree.KernelHas, "own": tree.ownHas} {
			if got, err := ask(file); err != nil || got != want {
				t.Errorf("%s of %s: %v, %v", file, name, got, err)
			}
		}
	}
}
