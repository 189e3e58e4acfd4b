package cgroup

import (
	"errors"
	"fmt"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/fscommon"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// TooLow says that a limit is below what the tenant uses now.
type TooLow struct {
	Tenant string // or, with its id, a container of it
	Key    string // of the policy: "limits.memory"
	Limit  string
	InUse  string

	Container string // empty: of the tenant
}

func (t *TooLow) Error() string {
	if t.Container != "" {
		return fmt.Sprintf("%s %s is below the %s that container %s of tenant %s uses; stop it or allow at least %s",
			t.Key, t.Limit, t.InUse, t.Container, t.Tenant, t.InUse)
	}
	return fmt.Sprintf("%s %s of tenant %s is below the %s in use; stop some of its containers or allow at least %s",
		t.Key, t.Limit, t.Tenant, t.InUse, t.InUse)
}

// tooLow returns a *TooLow for each limit that falls below what is in use. The
// kernel would take such a limit of pids, and then no process could start; for
// such a limit of memory it would kill.
func tooLow(name string, m cgroups.Manager, from, to values) error {
	memory, swapped := "memory.max", ""
	if !v2() {
		memory, swapped = memoryV1, memsw
	}
	lowers := func(file string) bool { return file != "" && lowered(from.number(file), to.number(file)) }
	if !lowers(memory) && !lowers(swapped) && !lowers("pids.max") {
		return nil
	}
	u, err := use(m)
	if err != nil {
		return err
	}
	var errs []error
	if limit := to.number(memory); lowers(memory) && u.memory > limit {
		errs = append(errs, &TooLow{Tenant: name, Key: "limits.memory", Limit: Quantity(limit), InUse: atLeast(u.memory)})
	} else if limit := to.number(swapped); lowers(swapped) && u.memorySwap > limit {
		errs = append(errs, &TooLow{Tenant: name, Key: "limits.memory and limits.swap", Limit: Quantity(limit), InUse: atLeast(u.memorySwap)})
	}
	if limit := to.number("pids.max"); lowers("pids.max") && u.pids > limit {
		errs = append(errs, &TooLow{Tenant: name, Key: "limits.pids", Limit: fmt.Sprint(limit), InUse: fmt.Sprint(u.pids)})
	}
	return errors.Join(errs...)
}

func lowered(from, to int64) bool { return to != unlimited && (from == unlimited || to < from) }

// usage is what a cgroup and all below it hold.
type usage struct {
	memory     int64 // bytes that the kernel cannot take back
	memorySwap int64 // the same, and what is in swap; cgroup v1
	pids       int64
}

// use reads the usage, from the few files that say it: all of the module's
// statistics weigh 60 KiB in a shim. Page cache is not in it: the kernel drops it for a lower
// limit.
func use(m cgroups.Manager) (usage, error) {
	var errs []error
	number := func(value uint64, err error) int64 {
		errs = append(errs, err)
		return int64(value)
	}
	stat := func(key string) int64 { return number(fscommon.GetValueByKey(m.Path("memory"), "memory.stat", key)) }
	read := func(file string) int64 { return number(fscommon.GetCgroupParamUint(m.Path(controllerOf(file)), file)) }
	u := usage{pids: read("pids.current")}
	if v2() {
		u.memory = read("memory.current") - stat("active_file") - stat("inactive_file")
	} else { // total_: of the cgroup and all below it
		u.memory = read("memory.usage_in_bytes") - stat("total_active_file") - stat("total_inactive_file")
		u.memorySwap = u.memory + stat("total_swap")
	}
	u.memory = max(u.memory, 0)
	if err := errors.Join(errs...); err != nil {
		return usage{}, fmt.Errorf("read usage: %w", err)
	}
	return u, nil
}

// Usage returns what all containers below the tenant's cgroup use together:
// memory without page cache, and tasks. It is not ok when there is no cgroup.
func (t *Tree) Usage(p *tenant.Policy) (memoryBytes, pids int64, ok bool, err error) {
	place, err := t.Place(p)
	if err != nil {
		return 0, 0, false, err
	}
	m, err := open(place)
	if err != nil || !exists(m) {
		return 0, 0, false, err
	}
	u, err := use(m)
	return u.memory, u.pids, err == nil, err
}

const mebi = 1 << 20

// Quantity writes bytes as the operator does.
func Quantity(n int64) string {
	switch {
	case n%mebi == 0:
		return fmt.Sprintf("%dMi", n/mebi)
	case n%1024 == 0:
		return fmt.Sprintf("%dKi", n/1024)
	}
	return fmt.Sprint(n)
}

// atLeast writes what is in use rounded up, so that allowing it is enough.
func atLeast(n int64) string { return Quantity((n + mebi - 1) / mebi * mebi) }
