package cgroup

import (
	"fmt"

	"github.com/opencontainers/cgroups"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// SetContainer writes those limits of CPU time, memory and tasks that differ to
// a container's cgroup, named as in linux.cgroupsPath. It is for a change that
// many containers shall have at once: their delegates, and systemd, must be told
// too, or they write the old ones again.
func SetContainer(path string, from, to *specs.LinuxResources) error {
	if from == nil {
		from = new(specs.LinuxResources)
	}
	r := &cgroups.Resources{SkipDevices: true}
	quota, period := bandwidthOf(to.CPU)
	if was, wasPeriod := bandwidthOf(from.CPU); was != quota || wasPeriod != period {
		r.CpuQuota, r.CpuPeriod = orUnlimited(quota), period
	}
	memory, swap := memoryOf(to.Memory)
	if was, wasSwap := memoryOf(from.Memory); was != memory || wasSwap != swap {
		r.Memory, r.MemorySwap = orUnlimited(memory), swap
		if memory == 0 {
			r.MemorySwap = unlimited
		}
	}
	pids := pidsOf(to.Pids)
	if pidsOf(from.Pids) != pids {
		pids = orUnlimited(pids)
		r.PidsLimit = &pids
	}
	m, err := open(path)
	if err != nil {
		return err
	}
	if err := m.Set(r); err != nil {
		return fmt.Errorf("set the limits of %s: %w", path, err)
	}
	return nil
}

// orUnlimited writes out that there is no limit, where there was one.
func orUnlimited(n int64) int64 {
	if n == 0 {
		return unlimited
	}
	return n
}

func pidsOf(p *specs.LinuxPids) int64 {
	if p == nil || p.Limit == nil {
		return 0
	}
	return *p.Limit
}

// bandwidthOf is 0 where the resources say nothing.
func bandwidthOf(c *specs.LinuxCPU) (quota int64, period uint64) {
	if c == nil || c.Quota == nil {
		return 0, 0
	}
	if period = cpuPeriod; c.Period != nil && *c.Period > 0 {
		period = *c.Period
	}
	return *c.Quota, period
}

// memoryOf is the limit, and that of memory and swap together; 0: nothing said.
func memoryOf(m *specs.LinuxMemory) (limit, swap int64) {
	if m == nil || m.Limit == nil {
		return 0, 0
	}
	if m.Swap != nil {
		swap = *m.Swap
	}
	return *m.Limit, swap
}
