package isolator

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

/*
cpu: how much CPU time a container has.

Owns     linux.resources.cpu
Rule     Quota and period are narrowed to the container's ceiling, and always
         written together. A container that asks for no quota gets the default.
         No burst beside a ceiling, no realtime time at all. Shares are pulled
         into the kernel's range; mems and idle stay, and so do cpus where the
         tenant's cgroup bounds them. On cgroup v1 they are the tenant's, or the
         part of those that was asked for; others alone are refused. Below a
         slice of systemd a quota is a whole hundredth of a CPU where rounding
         up to that would pass the ceiling.
Because  A period that comes alone changes what the quota means; a burst exceeds
         the quota for a while; realtime time is taken from everybody. cpus and
         mems can only be part of what the cgroup above has: a v1 cpuset that
         cannot stay so keeps the tenant's own from shrinking.
Escape   container.max.cpu, container.default.cpu, limits.cpu.
*/

var _ = register(Isolator{
	Name:    "cpu",
	Owns:    []string{"/spec/linux/resources/cpu"},
	Reason:  "the ceiling of CPU time of a container",
	Leq:     cpuLeq,
	Rewrite: func(c *Case, r *Request) error { return narrowCPU(c, r.resources()) },
	Update:  narrowCPU,
	Holds:   cpuHolds,
})

// The kernel's range of shares and its default (include/linux/sched/task.h).
const (
	minShares     = 2
	maxShares     = 1 << 18
	defaultShares = 1024
)

func cpuCeiling(c *Case) ceiling {
	p := c.Policy
	return ceilingOf(c, p.Limits.CPUMilli, p.Container.Max.CPUMilli, p.Container.Default.CPUMilli)
}

func narrowCPU(c *Case, res *specs.LinuxResources) error {
	cpu := valueOf(res.CPU)
	allowed, asked := cpuCeiling(c), bandwidthIn(&cpu)
	got := asked
	switch {
	case asked.quota <= 0 && allowed.unasked != nil:
		got = bandwidthOf(*allowed.unasked, asked.length())
	case asked.quota > 0 && allowed.most != nil:
		got = asked.narrow(*allowed.most)
	}
	if got.quota > 0 && allowed.most != nil && strings.HasSuffix(c.Facts.TenantCgroup, ".slice") {
		got = got.inHundredths(*allowed.most)
	}
	if got != asked {
		cpu.Quota, cpu.Period = &got.quota, &got.period
	}
	if got.quota > 0 && allowed.most != nil && valueOf(cpu.Burst) > 0 {
		cpu.Burst = nil
	}
	if shares := valueOf(cpu.Shares); shares != 0 && shares != clampShares(shares) {
		cpu.Shares = new(clampShares(shares))
	}
	cpus, elsewhere := cpusWithin(c, cpu.Cpus)
	cpu.Cpus = cpus
	if res.CPU != nil || cpu != (specs.LinuxCPU{}) {
		res.CPU = &cpu
	}
	return errors.Join(elsewhere, noRealtime(&cpu))
}

func noRealtime(cpu *specs.LinuxCPU) error {
	switch {
	case valueOf(cpu.RealtimeRuntime) != 0:
		return &Denial{"cpu", "linux.resources.cpu.realtimeRuntime", fmt.Sprint(*cpu.RealtimeRuntime), "none", Nothing}
	case valueOf(cpu.RealtimePeriod) != 0:
		return &Denial{"cpu", "linux.resources.cpu.realtimePeriod", fmt.Sprint(*cpu.RealtimePeriod), "none", Nothing}
	}
	return nil
}

func bandwidthIn(cpu *specs.LinuxCPU) bandwidth {
	return bandwidth{valueOf(cpu.Quota), valueOf(cpu.Period)}
}

func clampShares(shares uint64) uint64 { return min(max(shares, minShares), maxShares) }

func cpuHolds(c *Case, r *Request) error {
	cpu := cpuOf(r)
	allowed, got := cpuCeiling(c), bandwidthIn(&cpu)
	switch {
	case allowed.most == nil || got.quota <= 0 && allowed.unasked == nil:
	case !got.within(bandwidth{*allowed.most, 1000}):
		return &Denial{"cpu", "linux.resources.cpu.quota", got.String(), "at most " + bandwidthOf(*allowed.most, got.period).String(), "container.max.cpu"}
	case got.quota > 0 && valueOf(cpu.Burst) > 0:
		return &Denial{"cpu", "linux.resources.cpu.burst", "set", "none", Nothing}
	}
	switch cpus, err := cpusWithin(c, cpu.Cpus); {
	case err != nil:
		return err
	case cpus != cpu.Cpus:
		return &Denial{"cpu", "linux.resources.cpu.cpus", strconv.Quote(cpu.Cpus), "at most " + c.Facts.CPUs, Nothing}
	}
	return noRealtime(&cpu)
}

func cpuOf(r *Request) specs.LinuxCPU { return valueOf(resourcesOf(r).CPU) }

// cpuLeq: less time, no more burst, no heavier weight, no more realtime, on a
// part of the CPUs.
func cpuLeq(a, b *Request) bool {
	x, y := cpuOf(a), cpuOf(b)
	return bandwidthIn(&x).within(bandwidthIn(&y)) &&
		(bandwidthIn(&y).quota <= 0 || valueOf(x.Burst) <= valueOf(y.Burst)) &&
		weightOf(&x) <= weightOf(&y) &&
		realtimeOf(&x) <= realtimeOf(&y) &&
		cpusLeq(x.Cpus, y.Cpus) && (y.Mems == "" || x.Mems == y.Mems)
}

// weightOf is the share of a busy CPU; an idle group has next to none.
func weightOf(cpu *specs.LinuxCPU) uint64 {
	switch shares := valueOf(cpu.Shares); {
	case valueOf(cpu.Idle) > 0:
		return 0
	case shares == 0:
		return defaultShares
	default:
		return clampShares(shares)
	}
}

// realtimeOf is the realtime time asked for; a negative one is all of it.
func realtimeOf(cpu *specs.LinuxCPU) uint64 {
	switch runtime := valueOf(cpu.RealtimeRuntime); {
	case runtime < 0 || valueOf(cpu.RealtimePeriod) != 0:
		return math.MaxUint64
	default:
		return uint64(runtime)
	}
}
