package cgroup

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

func onV2(t *testing.T) tenant.Root {
	t.Helper()
	if !v2() {
		t.Skip("needs cgroup v2: make test-vm")
	}
	return installation(t)
}

// filesOf reads files of a cgroup.
func filesOf(t *testing.T, m cgroups.Manager, want values) values {
	t.Helper()
	got, err := current(m, want)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestEnsureWritesTheFilesOfV2(t *testing.T) {
	root := onV2(t)
	free := values{
		"cpu.max": "max 100000", "cpu.weight": "1", "cpu.idle": "0", "memory.max": "max", "memory.high": "max",
		"memory.swap.max": "0", "memory.min": "0", "memory.low": "0", "pids.max": "4096",
	}
	limited := maps.Clone(free)
	maps.Copy(limited, values{
		"cpu.max": "150000 100000", "cpu.weight": "250", "memory.max": "268435456", "memory.swap.max": "67108864", "pids.max": "100",
		"memory.min": "33554432",
	})
	idle := maps.Clone(free)
	maps.Copy(idle, values{"cpu.idle": "1"})
	delete(idle, "cpu.weight")
	p, g := acme(), globex()
	p.Requests.MemoryBytes = 32 << 20
	lazy := globex()
	lazy.Name, lazy.Priority = "lazy", tenant.Idle
	for want, p := range map[*values]*tenant.Policy{&limited: p, &free: g, &idle: lazy} {
		m := ensured(t, root, p)
		if diff := cmp.Diff(*want, filesOf(t, m, *want)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", p.Name, diff)
		}
	}
}

func TestATenantComesBackFromIdleOnV2(t *testing.T) {
	root := onV2(t)
	p := acme()
	p.Priority = tenant.Idle
	m := ensured(t, root, p)
	p.Priority = tenant.Normal
	if err := applied(root, p, nil); err != nil {
		t.Fatal(err)
	}
	want := values{"cpu.idle": "0", "cpu.weight": "250"}
	if diff := cmp.Diff(want, filesOf(t, m, want)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The kernel protects no more below a cgroup than the cgroup itself has.
func TestTheBaseCarriesWhatIsKeptForAllTenants(t *testing.T) {
	root := onV2(t)
	node := &tenant.Node{Requests: tenant.Amounts{MemoryBytes: 96 << 20}}
	p := acme()
	p.Requests.MemoryBytes = 64 << 20
	err := locking(root, p, func(tree *Tree) error { return tree.Ensure(&Tenant{Policy: p, Node: node}) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := release(root, p.Name); err != nil {
			t.Error(err)
		}
	})
	for place, want := range map[string]values{
		New(root, nil).base(): {"memory.min": "100663296"},
		placeOf(root, "acme"): {"memory.min": "67108864"},
	} {
		if diff := cmp.Diff(want, filesOf(t, opened(t, place), want)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", place, diff)
		}
	}
}
