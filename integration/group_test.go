package integration

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// groupings put a container into the shim of another, where they are obeyed.
var groupings = []string{"io.containerd.runc.v2.group", "io.kubernetes.cri.sandbox-id"}

// intrusions are refusals too.
func (s *stage) intrusions(tenant string) []refusal {
	var all []refusal
	for _, key := range groupings {
		r := s.sleeper(tenant)
		r.Spec = []oci.SpecOpts{annotated(key, "other")}
		all = append(all, refusal{"another's shim by " + key, r, `refused by annotations: annotations["` + key + `"] is set`, ""})
	}
	return all
}

func TestStockShimPutsContainersIntoOneShimWhenAsked(t *testing.T) {
	onOwnNode(t, func(s *stage) {
		s.Cleanup(func() { // the stock shim of containerd 2.4.2 leaves a group's sockets
			left, _ := filepath.Glob(filepath.Join(s.node.Dir(), "s", "*"))
			for _, socket := range left {
				os.Remove(socket)
			}
		})
		for _, r := range s.intrusions("acme") {
			if a, b := s.start(stock(r.run)), s.start(stock(r.run)); host.Parent(a.Pid()) != host.Parent(b.Pid()) {
				s.Errorf("%s: two shims", r.name)
			}
		}
	})
}

// Every container of a tenant in Audit runs as asked, and still in a shim of its own.
func TestAuditDoesNotShareShims(t *testing.T) {
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": "enforcement: Audit"}}, func(s *stage) {
		for _, r := range s.intrusions("acme") {
			if a, b := s.start(r.run), s.start(r.run); host.Parent(a.Pid()) == host.Parent(b.Pid()) {
				s.Errorf("%s: one shim", r.name)
			}
		}
	})
}
