package integration

import (
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// `docker update` sends all that the engine knows of a container, and so what
// the container had before the operator changed its tenant.
func TestUpdateAfterAnApplyDoesNotBringOldLimitsBack(t *testing.T) {
	policy := func(limits string) node.Policy {
		return node.Policy{Tenants: map[string]string{"acme": "limits: " + limits}}
	}
	onNewestEngine(t, policy(`{cpu: "1", memory: 512Mi, pids: 400}`), func(s *stage) {
		r := s.sleeper("acme")
		r.Spec = append(memoryLimit(256), cpuQuota(80_000, 100_000))
		c := s.start(r)
		if got, want := s.limitsOf(c, 0), (limits{256 * mi, 400, 800}); got != want {
			s.Fatalf("the container's limits are %+v, want what it asked for, %+v", got, want)
		}

		s.apply(policy(`{cpu: 500m, memory: 128Mi, pids: 100}`))
		memory, swap, reservation := int64(256*mi), int64(512*mi), int64(64*mi)
		quota, period, shares, pids := int64(80_000), uint64(100_000), uint64(2048), int64(400)
		stale := &specs.LinuxResources{
			Memory: &specs.LinuxMemory{Limit: &memory, Swap: &swap, Reservation: &reservation},
			CPU:    &specs.LinuxCPU{Quota: &quota, Period: &period, Shares: &shares},
			Pids:   &specs.LinuxPids{Limit: &pids},
		}
		tight := limits{128 * mi, 100, 500}
		for range 2 {
			s.must(c.Update(s.ctx, stale))
			if got := s.limitsOf(c, 0); got != tight {
				s.Errorf("after the engine's update the container's limits are %+v, want %+v", got, tight)
			}
			if got := s.limitsOf(c, 1); got != tight {
				s.Errorf("after the engine's update the tenant's limits are %+v, want %+v", got, tight)
			}
		}

		// What was asked for is remembered, and given when the tenant has it again.
		s.apply(policy(`{cpu: "1", memory: 512Mi, pids: 400}`))
		if got, want := s.limitsOf(c, 0), (limits{256 * mi, 400, 800}); got != want {
			s.Errorf("with the first limits again the container's are %+v, want %+v", got, want)
		}
	})
}
