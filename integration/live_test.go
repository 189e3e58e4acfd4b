package integration

import (
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

func TestApplyChangesTheLimitsOfRunningTenants(t *testing.T) {
	onEachEngine(t, pair, func(s *stage) {
		c, neighbour := s.start(s.sleeper("acme")), s.start(s.sleeper("globex"))
		untouched := s.limitsOf(neighbour, 1)
		const mi = 1 << 20
		for _, step := range []struct {
			spec string
			want limits
		}{
			{`limits: {cpu: "1", memory: 256Mi, pids: 200}`, limits{256 * mi, 200, 1000}}, // raised
			{`limits: {cpu: 500m, memory: 32Mi, pids: 20}`, limits{32 * mi, 20, 500}},     // lowered, also below what its container was given
			{`limits: {cpu: "2", memory: 64Mi, pids: 40}`, limits{64 * mi, 40, 2000}},
			{`limits: {pids: 40}`, limits{host.Unlimited, 40, host.Unlimited}}, // lifted
			{`limits: {cpu: 500m, memory: 64Mi, pids: 40}`, limits{64 * mi, 40, 500}},
		} {
			s.apply(node.Policy{Tenants: map[string]string{"acme": step.spec, "globex": pair.Tenants["globex"]}})
			if got := s.limitsOf(c, 1); got != step.want {
				s.Errorf("%s: the tenant's limits are %+v, want %+v", step.spec, got, step.want)
			}
			// Without a maximum of its own a container has what its tenant has.
			if got := s.limitsOf(c, 0); got != step.want {
				s.Errorf("%s: the container's limits are %+v, want %+v", step.spec, got, step.want)
			}
			if got := s.limitsOf(neighbour, 1); got != untouched {
				s.Errorf("%s: globex's limits are %+v, want %+v", step.spec, got, untouched)
			}
		}
	})
}

func TestLimitBelowWhatIsInUseIsReportedAndNotHalfApplied(t *testing.T) {
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 256Mi, pids: 100}"}}, func(s *stage) {
		c := s.start(s.prober("acme", "memory", "96"))
		s.untilTouched(c, 96)
		before := s.limitsOf(c, 1)
		err := s.node.Apply(s.ctx, node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 32Mi, pids: 50}"}})
		if err == nil || !strings.Contains(err.Error(), "acme") {
			s.Errorf("apply said %v, want that acme uses more", err)
		}
		if got := s.limitsOf(c, 1); got != before {
			s.Errorf("the tenant's limits are %+v, want %+v as before", got, before)
		}
		if !host.Alive(c.Pid()) {
			s.Error("the container was killed")
		}
	})
}

func TestALowerMaximumOfAContainerKillsNothing(t *testing.T) {
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 256Mi}"}}, func(s *stage) {
		c := s.start(s.prober("acme", "memory", "96"))
		s.untilTouched(c, 96)
		before := s.limitsOf(c, 0)
		for _, flags := range [][]string{nil, {"--squeeze"}} {
			said := s.said(node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 256Mi}\ncontainer: {max: {memory: 32Mi}}"}}, flags...)
			s.expectSaid(said, "nothing was applied", "container.max.memory 32Mi is below the ", "that container "+c.ID+" of tenant acme uses")
			if got := s.limitsOf(c, 0); got != before || !host.Alive(c.Pid()) {
				s.Errorf("%v: the container has %+v, want %+v; it lives: %v", flags, got, before, host.Alive(c.Pid()))
			}
		}
	})
}
