package integration

import (
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

func TestTenantHasAtMostSoManyContainers(t *testing.T) {
	onNewestEngine(t, node.Policy{Tenants: map[string]string{"acme": "limits: {containers: 2}", "globex": "limits: {containers: 2}"}}, func(s *stage) {
		first := s.start(s.sleeper("acme"))
		s.start(s.sleeper("acme"))
		_, err := s.node.Run(s.ctx, s.sleeper("acme"))
		expectRefusal(s, err, "refused by containers: containers of tenant acme is 3, want at most 2; allow with limits.containers")
		s.start(s.sleeper("globex"))
		s.start(stock(s.sleeper("acme")))
		first.delete()
		s.start(s.sleeper("acme"))
	})
}

func TestContainersBelowATenantCountAsItsOwn(t *testing.T) {
	p := node.Policy{Tenants: map[string]string{"research": "limits: {containers: 2}", "acme": "parent: research", "globex": "parent: research"}}
	onNewestEngine(t, p, func(s *stage) {
		s.start(s.sleeper("acme"))
		s.start(s.sleeper("research"))
		_, err := s.node.Run(s.ctx, s.sleeper("globex"))
		expectRefusal(s, err, "containers of tenant research is 3, want at most 2")
	})
}

func TestContainersThatStartAtOnceDoNotPassTheLimit(t *testing.T) {
	const limit, count = 5, 10
	onNewestEngine(t, node.Policy{Tenants: map[string]string{"acme": "limits: {containers: 5}"}}, func(s *stage) {
		started, errs := s.startAll(copies(s.sleeper("acme"), count))
		running := 0
		for i, err := range errs {
			switch {
			case err == nil:
				running++
			case !strings.Contains(err.Error(), "containers of tenant acme is 6, want at most 5"):
				s.Errorf("start %d: %v", i, err)
			}
		}
		if running != limit {
			s.Errorf("%d of %d started, want %d", running, count, limit)
		}
		s.deleteAll(started)
		s.clean()
	})
}

// The sandbox of a pod runs nothing of the tenant's.
func TestSandboxesOfPodsAreNoContainers(t *testing.T) {
	p := node.Policy{Tenants: map[string]string{"acme": "limits: {containers: 1}"}, Pods: true}
	onNewestEngine(t, p, func(s *stage) {
		one, other := s.pod("acme", "web-0"), s.pod("acme", "web-1")
		s.start(one.sleeper())
		_, err := s.node.Run(s.ctx, other.sleeper())
		expectRefusal(s, err, "containers of tenant acme is 2, want at most 1")
		_, err = s.node.Run(s.ctx, s.sleeper("acme")) // over all engines
		expectRefusal(s, err, "containers of tenant acme is 2, want at most 1")
	})
}
