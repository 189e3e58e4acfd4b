package integration

import (
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/host"
)

func TestUpdateCannotLeaveTheTenant(t *testing.T) {
	unlimited, huge, period := int64(-1), int64(8<<30), uint64(1000)
	updates := map[string]*specs.LinuxResources{
		"memory -1":         {Memory: &specs.LinuxMemory{Limit: &unlimited}},
		"memory 8 GiB":      {Memory: &specs.LinuxMemory{Limit: &huge, Swap: &unlimited}},
		"pids -1":           {Pids: &specs.LinuxPids{Limit: &unlimited}},
		"pids 8 Gi":         {Pids: &specs.LinuxPids{Limit: &huge}},
		"quota -1":          {CPU: &specs.LinuxCPU{Quota: &unlimited}},
		"the period alone":  {CPU: &specs.LinuxCPU{Period: &period}},
		"memory.max by key": {Unified: map[string]string{"memory.max": "max", "pids.max": "max", "cpu.max": "max 100000"}},
		"nothing":           {},
	}
	onEachEngine(t, bounded, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		const mi = 1 << 20
		most, total := limits{128 * mi, 64, 500}, limits{256 * mi, 100, 1000}
		for name, u := range updates {
			// Narrowed or refused, what counts is what the kernel has afterwards.
			if err := c.Update(s.ctx, u); err != nil {
				s.Logf("%s: %v", name, err)
			}
			got := s.limitsOf(c, 0)
			if got.memory > most.memory || got.pids > most.pids || got.milliCPU > most.milliCPU {
				s.Errorf("after %s the container's limits are %+v, want at most %+v", name, got, most)
			}
			if got := s.limitsOf(c, 1); got != total {
				s.Errorf("after %s the tenant's limits are %+v, want %+v", name, got, total)
			}
		}
	})
}

func TestUpdateUnderTheStockShimLiftsLimits(t *testing.T) {
	unlimited, period := int64(-1), uint64(1000)
	onEachEngine(t, acme, func(s *stage) {
		r := stock(s.sleeper("acme"))
		r.Spec = append(memoryLimit(64), cpuQuota(50000, 100000))
		c := s.start(r)
		s.must(c.Update(s.ctx, &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &unlimited}}))
		s.must(c.Update(s.ctx, &specs.LinuxResources{CPU: &specs.LinuxCPU{Period: &period}}))
		if got := s.read(host.MemoryLimit, c, 0); got != host.Unlimited {
			s.Errorf("the memory limit is %d, want none", got)
		}
		if got := s.limitsOf(c, 0).milliCPU; got != 50000 {
			s.Errorf("the CPU quota is %d thousandths, want 50000: one that arrives as a period alone", got)
		}
	})
}
