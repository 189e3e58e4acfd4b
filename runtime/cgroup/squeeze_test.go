package cgroup

import (
	"errors"
	"testing"

	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

func squeezed(t *testing.T, p *tenant.Policy) (cgroups.Manager, error) {
	t.Helper()
	root := installation(t)
	m := ensured(t, root, acme())
	process(t, container(t, root, "acme", "a", &cgroups.Resources{}), "hold", "64")
	return m, locking(root, p, func(tree *Tree) error {
		if err := tree.Squeeze(&Tenant{Policy: p}); err != nil {
			return err
		}
		return tree.Apply(&Tenant{Policy: p}, nil)
	})
}

func TestSqueezeKillsNothing(t *testing.T) {
	p := acme()
	p.Limits.MemoryBytes, p.Limits.SwapBytes = new(int64(16<<20)), 0
	m, err := squeezed(t, p)
	if low := (*TooLow)(nil); !errors.As(err, &low) || low.Key != "limits.memory" {
		t.Errorf("64 MiB that cannot be reclaimed below 16 MiB: got %v, want *TooLow", err)
	}
	if got := limitOf(t, m); got != 256<<20 {
		t.Errorf("the limit is %d, want the one before", got)
	}
	if pids, err := m.GetAllPids(); err != nil || len(pids) != 1 {
		t.Errorf("processes %v (%v), want the one that holds the memory", pids, err)
	}
	if v2() {
		if high, err := current(m, values{"memory.high": ""}); err != nil || high["memory.high"] != none {
			t.Errorf("memory.high stayed at %v (%v)", high, err)
		}
	}
}

func TestSqueezeAppliesWhatFits(t *testing.T) {
	p := acme()
	p.Limits.MemoryBytes = new(int64(128 << 20))
	m, err := squeezed(t, p)
	if got := limitOf(t, m); err != nil || got != 128<<20 {
		t.Errorf("the limit is %d, %v", got, err)
	}
}
