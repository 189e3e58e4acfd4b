package integration

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"

	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Exemptions stand outside the versions of the policy: without one the node's
// own pods start, also from nothing, and nobody else's.
func TestWithoutTheCurrentPolicyOnlyExemptPodsStart(t *testing.T) {
	onOwnNode(t, func(s *stage) {
		system := s.node.Namespace("system")
		s.apply(node.Policy{
			Tenants: map[string]string{"acme": "limits: {memory: 256Mi}"}, Pods: true,
			Node: "exemptions: {kubernetesNamespaces: [kube-system], containerdNamespaces: [" + system + "]}",
		})
		before := s.pod("acme", "web")
		old := s.start(before.sleeper())

		current := filepath.Join(s.node.Root().Policy(), tenant.Format, "current")
		version, err := os.Readlink(current)
		s.must(err)
		s.must(os.Remove(current))
		s.Cleanup(func() { s.must(os.Symlink(version, current)) }) // for what is deleted last

		proxy := s.pod("kube-system", "proxy", oci.WithPrivileged)
		exempt := s.start(proxy.sleeper(oci.WithPrivileged))
		if e := s.lastEntry(); e.Decision != record.Exempted || e.Container != exempt.ID {
			s.Errorf("the log ends with %+v, want the exempt start", e)
		}
		s.start(node.Run{Namespace: system, Args: []string{"sleep", "600"}})

		_, err = s.node.Run(s.ctx, s.newPod("acme", "db").pause())
		expectRefusal(s, err, tenant.ErrNoPolicy.Error())
		_, err = s.node.Run(s.ctx, before.sleeper())
		expectRefusal(s, err, tenant.ErrNoPolicy.Error())
		_, err = s.node.Run(s.ctx, s.sleeper("acme"))
		expectRefusal(s, err, tenant.ErrNoPolicy.Error())

		// What runs goes on, and can be deleted.
		if code := s.wait(old.exec(nil, "true")); code != 0 {
			s.Errorf("an exec in a container of before ended with %d", code)
		}
		old.delete()
	})
}
