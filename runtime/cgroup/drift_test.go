package cgroup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// behind writes a file of a cgroup as somebody else would.
func behind(t *testing.T, m cgroups.Manager, file, value string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(m.Path(controllerOf(file)), file), []byte(value), 0); err != nil {
		t.Fatal(err)
	}
}

// byVersion is a file of cgroup v1, and what v2 has for it.
func byVersion(v1, v2Name string) string {
	if v2() {
		return v2Name
	}
	return v1
}

func TestDriftIsWhatSomebodyElseWroteUntilItIsApplied(t *testing.T) {
	root := installation(t)
	m := ensured(t, root, acme())
	tree, of := New(root, nil), &Tenant{Policy: acme()}
	expect := func(want ...Drift) {
		t.Helper()
		got, err := tree.Drift(of)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	expect()
	memory := byVersion(memoryV1, "memory.max")
	behind(t, m, "pids.max", "7000")
	behind(t, m, memory, "134217728")
	expect(Drift{memory, "134217728", "268435456", "limits.memory"}, Drift{"pids.max", "7000", "100", "limits.pids"})
	if err := applied(root, acme(), nil); err != nil {
		t.Fatal(err)
	}
	expect()
}

func TestDriftOfATenantWithoutACgroup(t *testing.T) {
	if _, err := New(installation(t), nil).Drift(&Tenant{Policy: acme()}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}

// What settleBase sets is what BaseDrift wants.
func TestBaseDriftIsWhatSomebodyElseWrote(t *testing.T) {
	root, p := installation(t), acme()
	node := &tenant.Node{HasIdle: true, Requests: tenant.Amounts{CPUMilli: 500, MemoryBytes: 32 << 20}, Reserved: tenant.Amounts{CPUMilli: 250}}
	tree := New(root, nil)
	if err := locking(root, p, func(tree *Tree) error { return tree.Ensure(&Tenant{Policy: p, Node: node}) }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := release(root, p.Name); err != nil {
			t.Error(err)
		}
	})
	if got, err := tree.BaseDrift(node); err != nil || got != nil {
		t.Errorf("as it was settled: %v, %v", got, err)
	}
	file := byVersion("cpu.shares", "cpu.weight")
	behind(t, opened(t, tree.base()), file, "77")
	got, err := tree.BaseDrift(node)
	if err != nil || len(got) != 1 || got[0].File != file || got[0].Got != "77" {
		t.Errorf("changed: %v, %v", got, err)
	}
}
