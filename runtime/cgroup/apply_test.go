package cgroup

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

func applied(root tenant.Root, p *tenant.Policy, children func() error) error {
	return locking(root, p, func(t *Tree) error { return t.Apply(&Tenant{Policy: p}, children) })
}

func TestApplyRefusesLimitsBelowWhatIsInUse(t *testing.T) {
	root := onV1(t)
	m := ensured(t, root, acme())
	process(t, container(t, root, "acme", "a", &cgroups.Resources{}), "hold", "64")
	before := files(t, m, limitFiles...)

	p := acme()
	p.Limits.MemoryBytes, p.Limits.Pids, p.Weight = new(int64(32<<20)), 2, 100
	want := regexp.MustCompile(`^limits.memory 32Mi of tenant acme is below the \d+Mi in use; stop some of its containers or allow at least \d+Mi
limits.pids 2 of tenant acme is below the \d+ in use; stop some of its containers or allow at least \d+$`)
	for name, f := range map[string]func() error{
		"check": func() error { return New(root, nil).Check(&Tenant{Policy: p}) },
		"apply": func() error {
			return applied(root, p, func() error { return errors.New("children were touched") })
		},
	} {
		err := f()
		if err == nil || !want.MatchString(err.Error()) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
		if low := (*TooLow)(nil); !errors.As(err, &low) || low.Key != "limits.memory" {
			t.Errorf("%s: %v is no *TooLow of limits.memory", name, err)
		}
	}
	if diff := cmp.Diff(before, files(t, m, limitFiles...)); diff != "" {
		t.Errorf("a refused apply wrote (-before +after):\n%s", diff)
	}

	p.Limits.MemoryBytes, p.Limits.Pids = new(int64(128<<20)), 50
	if err := errors.Join(New(root, nil).Check(&Tenant{Policy: p}), applied(root, p, nil)); err != nil {
		t.Errorf("limits above what is in use: %v", err)
	}
	if diff := cmp.Diff(before, files(t, m, limitFiles...)); diff == "" {
		t.Error("an accepted apply changed nothing")
	}
}

// A stricter policy that its containers do not fit refuses the next container
// and touches none that runs.
func TestEnsureRefusesLimitsBelowWhatIsInUse(t *testing.T) {
	root := onV1(t)
	m := ensured(t, root, acme())
	process(t, container(t, root, "acme", "a", &cgroups.Resources{}), "hold", "64")
	before := files(t, m, limitFiles...)
	p := acme()
	p.Limits.MemoryBytes = new(int64(32 << 20))
	err := ensure(root, p)
	if low := (*TooLow)(nil); !errors.As(err, &low) {
		t.Errorf("got %v, want *TooLow", err)
	}
	if diff := cmp.Diff(before, files(t, m, limitFiles...)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// A running tenant may hold gigabytes of page cache; a limit below it is no harm.
func TestApplyTakesPageCacheBack(t *testing.T) {
	root := installation(t)
	m := ensured(t, root, acme())
	c := container(t, root, "acme", "a", &cgroups.Resources{})
	cached := filepath.Join(t.TempDir(), "cached")
	if err := shell(t, c, fmt.Sprintf("exec dd if=/dev/zero of=%s bs=1M count=64 conv=fsync", cached)); err != nil {
		t.Fatal(err)
	}
	s, err := m.Stats(&cgroups.StatsOptions{Controllers: cgroups.Memory})
	if err != nil {
		t.Fatal(err)
	}
	if s.MemoryStats.Usage.Usage < 64<<20 {
		t.Skipf("needs a page cache for %s", cached)
	}
	p := acme()
	p.Limits.MemoryBytes = new(int64(32 << 20))
	if err := applied(root, p, nil); err != nil {
		t.Error(err)
	}
}

func TestApplyLowersChildrenBeforeAndRaisesThemAfterTheTenant(t *testing.T) {
	root := onV1(t)
	m := ensured(t, root, acme()) // 1500m
	child := container(t, root, "acme", "a", &cgroups.Resources{CpuQuota: 100_000, CpuPeriod: 100_000})
	for _, c := range []struct {
		milli     int64
		quota     string // of the tenant while the children are changed
		ofAChild  int64
		wantAfter string
	}{
		{500, "150000", 50_000, "50000"},
		{2000, "200000", 200_000, "200000"},
	} {
		p := acme()
		p.Limits.CPUMilli = new(c.milli)
		err := applied(root, p, func() error {
			if got := files(t, m, "cpu/cpu.cfs_quota_us")["cpu/cpu.cfs_quota_us"]; got != c.quota {
				t.Errorf("%dm: the tenant has %s while its children change, want %s", c.milli, got, c.quota)
			}
			return child.Set(&cgroups.Resources{CpuQuota: c.ofAChild})
		})
		if err != nil {
			t.Errorf("%dm: %v", c.milli, err)
		}
		if got := files(t, m, "cpu/cpu.cfs_quota_us")["cpu/cpu.cfs_quota_us"]; got != c.wantAfter {
			t.Errorf("%dm: got %s, want %s", c.milli, got, c.wantAfter)
		}
	}
}

func TestApplyPutsTheOldLimitsBack(t *testing.T) {
	root := onV1(t)
	m := ensured(t, root, acme())
	container(t, root, "acme", "a", &cgroups.Resources{CpuQuota: 100_000})
	before := files(t, m, limitFiles...)
	lower, raise := acme(), acme()
	lower.Limits.CPUMilli, lower.Limits.MemoryBytes, lower.Limits.Pids, lower.Weight = new(int64(500)), new(int64(128<<20)), 50, 100
	raise.Limits.CPUMilli, raise.Limits.MemoryBytes, raise.Limits.SwapBytes = nil, nil, 0
	fails := errors.New("a container cannot be updated")
	for _, c := range []struct {
		name     string
		policy   *tenant.Policy
		children func() error
		want     string
	}{
		{"a child keeps more", lower, nil, `set the limits of tenant acme: limits.cpu 500m is below what one of its containers has: failed to write "50000": write /sys/fs/cgroup/cpu` + m.Path("cpu")[len("/sys/fs/cgroup/cpu"):] + `/cpu.cfs_quota_us: invalid argument`},
		{"children fail before", lower, func() error { return fails }, "set the limits of tenant acme: a container cannot be updated"},
		{"children fail after", raise, func() error { return fails }, "set the limits of tenant acme: a container cannot be updated"},
	} {
		if err := applied(root, c.policy, c.children); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
		if diff := cmp.Diff(before, files(t, m, limitFiles...)); diff != "" {
			t.Errorf("%s (-before +after):\n%s", c.name, diff)
		}
	}
}

func TestApplyOfATenantWithoutACgroupReachesItsChildren(t *testing.T) {
	root := installation(t)
	reached := false
	if err := applied(root, acme(), func() error { reached = true; return nil }); err != nil || !reached {
		t.Errorf("reached %v: %v", reached, err)
	}
	if left := residue(t, root); left != nil {
		t.Errorf("apply made %v", left)
	}
}

// The kernel refuses memory.limit_in_bytes above memory.memsw.limit_in_bytes at
// any moment, so that the order of writes depends on both old values.
func TestApplyMovesBetweenAllPairsOfMemoryAndSwap(t *testing.T) {
	root := onV1(t)
	m := ensured(t, root, acme())
	var policies []*tenant.Policy
	for _, memory := range []*int64{nil, new(int64(64 << 20)), new(int64(100 << 20)), new(int64(256 << 20))} {
		for _, swap := range []int64{0, 64 << 20, 512 << 20} {
			p := acme()
			p.Limits.MemoryBytes, p.Limits.SwapBytes = memory, swap
			policies = append(policies, p)
		}
	}
	want := map[*tenant.Policy]map[string]string{}
	for _, from := range policies {
		for _, to := range policies {
			for _, p := range []*tenant.Policy{from, to} {
				if err := applied(root, p, nil); err != nil {
					t.Fatalf("%+v to %+v: %v", from.Limits, to.Limits, err)
				}
			}
			got := files(t, m, limitFiles...)
			if want[to] == nil {
				want[to] = got
			}
			if diff := cmp.Diff(want[to], got); diff != "" {
				t.Errorf("the way to %+v shows (-want +got):\n%s", to.Limits, diff)
			}
		}
	}
}

func TestUsageOfATenantWithoutACgroup(t *testing.T) {
	if _, _, ok, err := New(installation(t), nil).Usage(acme()); ok || err != nil {
		t.Errorf("ok %v, error %v", ok, err)
	}
}
