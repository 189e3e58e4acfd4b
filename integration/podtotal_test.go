package integration

import (
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

const mi = 1 << 20

// withPods is tenant acme, that has pods, on a node that reports what exceeds it
// or refuses it.
func withPods(total string) node.Policy {
	return node.Policy{
		Tenants: map[string]string{"acme": "limits: {memory: 256Mi}\ncontainer: {default: {pids: 100}}"},
		Node:    "kubernetes: {tenantTotal: " + total + "}",
		Pods:    true,
	}
}

const tooMuch = "memory of tenant acme in pods is 320Mi (acme/web-0 160Mi, acme/web-1 160Mi), want at most 256Mi; allow with limits.memory"

// asksMemory is what a pod's specification asks for.
func asksMemory(mebibytes uint64) oci.SpecOpts { return oci.WithMemoryLimit(mebibytes << 20) }

func TestPodAboveItsTenantsTotalIsReported(t *testing.T) {
	onNewestEngine(t, withPods("Report"), func(s *stage) {
		s.start(s.pod("acme", "web-0").sleeper(asksMemory(160)))
		if e := s.lastEntry(); e.Decision == record.Reported {
			s.Errorf("the first pod fits, and the log says %+v", e)
		}
		c := s.start(s.pod("acme", "web-1").sleeper(asksMemory(160)))
		e := s.lastEntry()
		if e.Decision != record.Reported || e.Container != c.ID || e.Denials.Error() != "refused by total: "+tooMuch {
			s.Errorf("the log's last entry is %s of %s: %v; want reported of %s: %s", e.Decision, e.Container, e.Denials, c.ID, tooMuch)
		}
	})
}

func TestPodAboveItsTenantsTotalIsRefused(t *testing.T) {
	onNewestEngine(t, withPods("Refuse"), func(s *stage) {
		first := s.start(s.pod("acme", "web-0").sleeper(asksMemory(160)))
		other := s.pod("acme", "web-1")
		_, err := s.node.Run(s.ctx, other.sleeper(asksMemory(160)))
		expectRefusal(s, err, "refused by total: "+tooMuch)
		if e := s.lastEntry(); e.Decision != record.Refused {
			s.Errorf("the log's last entry is %s, want refused", e.Decision)
		}
		s.start(other.sleeper(asksMemory(96)))
		first.delete()
		s.start(other.sleeper(asksMemory(160)))
	})
}

// Pods are not below their tenant's cgroup: it has what they leave, so that the
// tenant has its limit once.
func TestTenantWithPodsAndOtherContainersHasItsLimitOnce(t *testing.T) {
	onNewestEngine(t, withPods("Report"), func(s *stage) {
		c := s.start(s.sleeper("acme"))
		web := s.pod("acme", "web-0")
		want := func(what string, mebibytes int64) {
			s.Helper()
			if got := s.read(host.MemoryLimit, c, 1); got != mebibytes*mi {
				s.Errorf("%s: the limit of the tenant's cgroup is %d Mi, want %d", what, got/mi, mebibytes)
			}
		}
		want("a sandbox alone", 256)
		first := s.start(web.sleeper(asksMemory(96)))
		want("a pod's container of 96 Mi", 160)
		s.start(web.sleeper(asksMemory(32)))
		want("and one of 32 Mi", 128)
		later := s.start(s.sleeper("acme"))
		want("and another of the tenant's own", 128)
		if got := s.read(host.MemoryLimit, first, 0); got != 96*mi {
			s.Errorf("the pod's container has %d Mi, want 96", got/mi)
		}
		s.apply(node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 512Mi}\ncontainer: {default: {pids: 100}}"}, Pods: true})
		want("a higher limit", 384)
		s.apply(withPods("Report"))
		want("the old limit", 128)
		later.delete()
		first.delete()
		want("the container of 96 Mi is gone", 224)

		// What is left binds.
		greedy := s.start(s.prober("acme", "memory", "240"))
		if code := greedy.wait(); code != 128+9 {
			s.Errorf("a container that wants 240 Mi ended with %d, want 137", code)
		}
	})
}

// As most pods are: a container without a limit of its own may have all that its
// tenant has, which is no part of it to add up.
func TestPodsThatAskForNothingLeaveTheirTenantItsLimits(t *testing.T) {
	p := withPods("Refuse")
	p.Tenants["acme"] = `limits: {cpu: "2", memory: 256Mi}`
	onNewestEngine(t, p, func(s *stage) {
		web := s.pod("acme", "web-0")
		s.start(web.sleeper())
		c := s.start(s.sleeper("acme"))
		s.start(web.sleeper())
		if got, want := s.limitsOf(c, 1), (limits{256 * mi, 4096, 2000}); got != want {
			s.Errorf("beside two pods' containers the tenant has %+v, want %+v", got, want)
		}
	})
}
