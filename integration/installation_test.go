package integration

import (
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// Two installations on one machine, with a tenant of the same name each.
func TestInstallationsDoNotSeeEachOther(t *testing.T) {
	onEachEngine(t, pair, func(s *stage) {
		other := newStage(s.T, ownNode(s.T, s.node.Engine))
		other.apply(node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 32Mi}"}})
		here, there := s.start(s.sleeper("acme")), other.start(other.sleeper("acme"))

		if got := s.read(host.MemoryLimit, here, 1); got != 128<<20 {
			s.Errorf("acme's memory is %d here, want what was applied here", got)
		}
		if got := other.read(host.MemoryLimit, there, 1); got != 32<<20 {
			s.Errorf("acme's memory is %d there, want what was applied there", got)
		}
		for _, list := range []struct{ at, not *container }{{here, there}, {there, here}} {
			res, err := list.at.s.node.Bulkhead(s.ctx, "get", "containers")
			s.must(err)
			s.must(res.Failed())
			if !strings.Contains(res.Stdout, list.at.Namespace) || strings.Contains(res.Stdout, list.not.Namespace) {
				s.Errorf("get containers shows\n%s, want only those of %s", res.Stdout, list.at.Namespace)
			}
		}
		there.delete()
		other.clean()
		if got := s.read(host.MemoryLimit, here, 1); got != 128<<20 {
			s.Errorf("acme's memory is %d here after the other installation's last container, want as before", got)
		}
	})
}
