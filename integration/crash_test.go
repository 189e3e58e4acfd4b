package integration

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

func TestContainersOutliveContainerd(t *testing.T) {
	onOwnNode(t, func(s *stage) {
		s.apply(bounded)
		c, paused := s.start(s.sleeper("acme")), s.start(s.sleeper("globex"))
		before, held := s.limitsOf(c, 0), s.posture(c.Process)
		s.must(s.node.Kill())
		s.must(s.node.Restart(s.ctx))
		s.must(c.Attend(s.ctx))

		if !host.Alive(c.Pid()) || !host.Alive(paused.Pid()) {
			s.Fatal("a container ended with containerd")
		}
		if after := s.limitsOf(c, 0); after != before {
			s.Errorf("limits were %+v and are %+v", before, after)
		}
		if got := s.posture(c.exec(everything, "sleep", "600")); got.Effective&^held.Effective != 0 {
			s.Errorf("an exec holds %x, its container %x", got.Effective, held.Effective)
		}
		huge := int64(8 << 30)
		if err := c.Update(s.ctx, &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &huge}}); err != nil {
			s.Log(err)
		}
		if got := s.limitsOf(c, 0).memory; got > 128<<20 {
			s.Errorf("an update set the memory limit to %d", got)
		}
		s.must(c.Kill(s.ctx, syscall.SIGKILL))
		if code := c.wait(); code != 128+9 {
			s.Errorf("exit code %d, want 137", code)
		}
	})
}

func TestKilledShimLeavesNothingAfterDelete(t *testing.T) {
	onEachEngine(t, bounded, func(s *stage) {
		events, err := s.node.Listen(s.ctx, s.node.Namespace("acme"))
		s.must(err)
		defer events.Stop()
		c, sibling := s.start(s.sleeper("acme")), s.start(s.sleeper("acme"))
		s.must(unix.Kill(host.Parent(c.Pid()), unix.SIGKILL))
		s.event(events, c, "/tasks/delete", 1) // by containerd, for the shim
		// containerd 1.6 asks the shim that is gone for a moment longer.
		s.must(node.Await(s.ctx, func() bool { return c.Delete(s.ctx) == nil }))
		if host.Alive(c.Pid()) {
			s.Error("the container's process lives")
		}
		if got, want := s.limitsOf(sibling, 1), (limits{256 << 20, 100, 1000}); got != want {
			s.Errorf("the tenant's limits are %+v, want %+v: it has a container still", got, want)
		}
		sibling.delete()
		s.clean()
	})
}

// A container that cannot start (there is no such program) was accepted, and
// then has to be taken back.
func TestFailedStartLeavesNothing(t *testing.T) {
	onEachEngine(t, bounded, func(s *stage) {
		r := s.sleeper("acme")
		r.Args = []string{"/no/such/program"}
		for _, runtime := range []string{node.Bulkhead, node.Stock} {
			r.Runtime = runtime
			c, err := s.node.Run(s.ctx, r)
			if err == nil {
				s.keep(c)
				s.Errorf("%s: it started", runtime)
			}
			s.clean()
		}
	})
}

func TestBrokenPolicyRefusesStartsAndStopsNoDelete(t *testing.T) {
	onOwnNode(t, func(s *stage) {
		s.apply(acme)
		c := s.start(s.sleeper("acme"))
		s.must(os.RemoveAll(filepath.Join(s.node.Root().Policy(), "v1", "versions")))
		_, err := s.node.Run(s.ctx, s.sleeper("acme"))
		expectRefusal(s, err, "read policy")
		s.must(c.Kill(s.ctx, syscall.SIGKILL))
		if code := c.wait(); code != 128+9 {
			s.Errorf("exit code %d, want 137", code)
		}
		c.delete()
		s.clean()
	})
}
