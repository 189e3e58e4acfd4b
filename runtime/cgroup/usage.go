package cgroup

import (
	"errors"
	"fmt"

	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// TooLow says that a limit is below what the tenant uses now.
type TooLow struct {
	Tenant string
	Key    string // of the policy: "limits.memory"
	Limit  string
	InUse  string
}

func (t *TooLow) Error() string {
	return fmt.Sprintf("%s %s of tenant %s is below the %s in use; stop some of its containers or allow at least %s",
		t.Key, t.Limit, t.Tenant, t.InUse, t.InUse)
}

// tooLow returns a *TooLow for each limit that falls below what is in use. The
// kernel would take such a limit of pids, and then no process could start.
func tooLow(name string, m cgroups.Manager, from, to *cgroups.Resources) error {
	lowersPids := to.PidsLimit != nil && lowered(*from.PidsLimit, *to.PidsLimit)
	if !lowered(from.Memory, to.Memory) && !lowered(from.MemorySwap, to.MemorySwap) && !lowersPids {
		return nil
	}
	u, err := use(m)
	if err != nil {
		return err
	}
	var errs []error
	if lowered(from.Memory, to.Memory) && u.memory > to.Memory {
		errs = append(errs, &TooLow{name, "limits.memory", quantity(to.Memory), atLeast(u.memory)})
	} else if lowered(from.MemorySwap, to.MemorySwap) && u.memorySwap > to.MemorySwap {
		errs = append(errs, &TooLow{name, "limits.memory and limits.swap", quantity(to.MemorySwap), atLeast(u.memorySwap)})
	}
	if lowersPids && u.pids > *to.PidsLimit {
		errs = append(errs, &TooLow{name, "limits.pids", fmt.Sprint(*to.PidsLimit), fmt.Sprint(u.pids)})
	}
	return errors.Join(errs...)
}

func lowered(from, to int64) bool { return to != unlimited && (from == unlimited || to < from) }

// usage is what a cgroup and all below it hold.
type usage struct {
	memory     int64 // bytes that the kernel cannot take back
	memorySwap int64 // the same, and what is in swap
	pids       int64
}

// use reads the usage. Page cache is not in it: the kernel drops it for a lower
// limit.
func use(m cgroups.Manager) (usage, error) {
	s, err := m.Stats(&cgroups.StatsOptions{Controllers: cgroups.Memory | cgroups.Pids})
	if err != nil {
		return usage{}, fmt.Errorf("read usage: %w", err)
	}
	cache := s.MemoryStats.Stats["total_active_file"] + s.MemoryStats.Stats["total_inactive_file"]
	return usage{
		memory:     int64(s.MemoryStats.Usage.Usage - min(cache, s.MemoryStats.Usage.Usage)),
		memorySwap: int64(s.MemoryStats.SwapUsage.Usage - min(cache, s.MemoryStats.SwapUsage.Usage)),
		pids:       int64(s.PidsStats.Current),
	}, nil
}

// Usage returns what all containers below the tenant's cgroup use together:
// memory without page cache, and tasks. It is not ok when there is no cgroup.
func Usage(root tenant.Root, name string) (memoryBytes, pids int64, ok bool, err error) {
	m, err := ofTenant(root, name)
	if err != nil || !exists(m) {
		return 0, 0, false, err
	}
	u, err := use(m)
	return u.memory, u.pids, err == nil, err
}

const mebi = 1 << 20

// quantity writes bytes as the operator does.
func quantity(n int64) string {
	switch {
	case n%mebi == 0:
		return fmt.Sprintf("%dMi", n/mebi)
	case n%1024 == 0:
		return fmt.Sprintf("%dKi", n/1024)
	}
	return fmt.Sprint(n)
}

// atLeast writes what is in use rounded up, so that allowing it is enough.
func atLeast(n int64) string { return quantity((n + mebi - 1) / mebi * mebi) }
