package isolator

import (
	"reflect"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
memory: how much memory and swap a container has.

Owns     linux.resources.memory
Rule     The limit is narrowed to the container's ceiling; a container that asks
         for none gets the default. Swap beyond it is at most the tenant's, and
         written out: none in the spec is all of it. The reservation is at most
         the limit, and next to none for an idle tenant. The OOM killer stays on,
         sub-cgroups stay charged.
Because  Memory without a limit is taken from the node; a group whose OOM killer
         is off hangs in the kernel, holding locks that others wait for. A
         reservation is memory.low on cgroup v2 (runc 1.5.2): it keeps memory of
         a tenant that is to be reclaimed first.
Escape   container.max.memory, container.default.memory, limits.memory,
         limits.swap, priority.
*/

var _ = register(Isolator{
	Name:    "memory",
	Owns:    []string{"/spec/linux/resources/memory"},
	Reason:  "the ceiling of memory of a container",
	Leq:     memoryLeq,
	Rewrite: func(c *Case, r *Request) error { return narrowMemory(c, r.resources()) },
	Update:  narrowMemory,
	Holds:   memoryHolds,
})

func memoryCeiling(c *Case) ceiling {
	p := c.Policy
	return ceilingOf(c, p.Limits.MemoryBytes, p.Container.Max.MemoryBytes, p.Container.Default.MemoryBytes)
}

func narrowMemory(c *Case, res *specs.LinuxResources) error {
	m := valueOf(res.Memory)
	narrowLimitAndSwap(c, &m)
	if most := min(limitOf(m.Limit), reservationMost(c)); limitOf(m.Reservation) > most && valueOf(m.Reservation) != 0 {
		m.Reservation = &most
	}
	if m.UseHierarchy != nil && !*m.UseHierarchy {
		m.UseHierarchy = nil // charges sub-cgroups to nobody
	}
	if res.Memory != nil || m != (specs.LinuxMemory{}) {
		res.Memory = &m
	}
	return oomKillerOn(&m)
}

// reservationMost is the most that is kept for the container, in bytes. One
// byte is no page, while a delegate reads 0 as not set.
func reservationMost(c *Case) int64 {
	if c.Policy.Priority == tenant.Idle {
		return 1
	}
	return unlimited
}

// narrowLimitAndSwap keeps the amount of swap that was asked for, not the sum
// of both that the spec has: a lower limit must not turn memory into swap.
func narrowLimitAndSwap(c *Case, m *specs.LinuxMemory) {
	allowed, asked, swap := memoryCeiling(c), valueOf(m.Limit), valueOf(m.Swap)
	limit, beyond := asked, swapBeyond(m)
	switch {
	case asked == 0:
		limit = valueOf(allowed.unasked)
	case allowed.most != nil && (asked < 0 || asked > *allowed.most):
		limit = *allowed.most
	}
	if limit > 0 && swap > 0 {
		limit = min(limit, swap) // the kernel takes no sum below its part
	}
	if limit != asked {
		m.Limit = &limit
	}
	if limit <= 0 || swap <= 0 && !c.Facts.Node.SwapLimit {
		return
	}
	if sum := plus(limit, min(beyond, c.Policy.Limits.SwapBytes)); sum != swap {
		m.Swap = &sum
	}
}

// swapBeyond is the swap beside the memory. A sum alone, which kernels refuse,
// counts as memory.
func swapBeyond(m *specs.LinuxMemory) int64 {
	sum := limitOf(m.Swap)
	if sum == unlimited {
		return unlimited
	}
	return max(sum-limitOf(m.Limit), 0)
}

func oomKillerOn(m *specs.LinuxMemory) error {
	if !valueOf(m.DisableOOMKiller) {
		return nil
	}
	return &Denial{"memory", "linux.resources.memory.disableOOMKiller", "true", "false", Nothing}
}

func memoryHolds(c *Case, r *Request) error {
	m := memoryOf(r)
	allowed, limit := memoryCeiling(c), limitOf(m.Limit)
	switch {
	case allowed.most != nil && limit > *allowed.most && (limit < unlimited || allowed.unasked != nil):
		return &Denial{"memory", "linux.resources.memory.limit", numberOf(limit), "at most " + numberOf(*allowed.most), "container.max.memory"}
	case limit < unlimited && c.Facts.Node.SwapLimit && swapBeyond(&m) > c.Policy.Limits.SwapBytes:
		return &Denial{"memory", "linux.resources.memory.swap", numberOf(limitOf(m.Swap)),
			"at most " + numberOf(plus(limit, c.Policy.Limits.SwapBytes)), "limits.swap"}
	case valueOf(m.Reservation) != 0 && limitOf(m.Reservation) > reservationMost(c):
		return &Denial{"memory", "linux.resources.memory.reservation", numberOf(limitOf(m.Reservation)), "at most 1", "priority: Normal"}
	}
	return oomKillerOn(&m)
}

func memoryOf(r *Request) specs.LinuxMemory { return valueOf(resourcesOf(r).Memory) }

// memoryLeq: no more memory, no more swap, neither as a sum nor beside the
// memory, no higher reservation, an OOM killer and charged sub-cgroups where
// the other has them. The rest is never changed, so it compares only when equal.
func memoryLeq(a, b *Request) bool {
	x, y := memoryOf(a), memoryOf(b)
	return limitOf(x.Limit) <= limitOf(y.Limit) &&
		limitOf(x.Swap) <= limitOf(y.Swap) && swapBeyond(&x) <= swapBeyond(&y) &&
		valueOf(x.Reservation) != 0 == (valueOf(y.Reservation) != 0) && limitOf(x.Reservation) <= limitOf(y.Reservation) &&
		(!valueOf(x.DisableOOMKiller) || valueOf(y.DisableOOMKiller)) &&
		(leavesCharged(&x) || !leavesCharged(&y)) &&
		reflect.DeepEqual(untouched(x), untouched(y))
}

func leavesCharged(m *specs.LinuxMemory) bool { return m.UseHierarchy == nil || *m.UseHierarchy }

func untouched(m specs.LinuxMemory) specs.LinuxMemory {
	m.Limit, m.Swap, m.Reservation, m.DisableOOMKiller, m.UseHierarchy = nil, nil, nil, nil, nil
	return m
}
