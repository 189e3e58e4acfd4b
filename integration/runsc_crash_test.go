package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

func TestKilledShimOfASandboxLeavesNothingAfterDelete(t *testing.T) {
	onEachEngineWithRunsc(t, sandboxed, func(s *stage) {
		events, err := s.node.Listen(s.ctx, s.node.Namespace("acme"))
		s.must(err)
		defer events.Stop()
		c, sibling := s.start(s.sleeper("acme")), s.start(s.sleeper("acme"))
		s.must(unix.Kill(host.Parent(c.Pid()), unix.SIGKILL))
		s.event(events, c, "/tasks/delete", 1) // by containerd, for the shim
		s.must(node.Await(s.ctx, func() bool { return c.Delete(s.ctx) == nil }))
		if host.Alive(c.Pid()) {
			s.Error("the sandbox lives")
		}
		if code := s.wait(sibling.exec(nil, "true")); code != 0 {
			s.Errorf("an exec of its sibling ended with %d", code)
		}
		sibling.delete()
		s.clean()
	})
}

func TestSandboxesOutliveContainerd(t *testing.T) {
	needsRunsc(t)
	onOwnNode(t, func(s *stage) {
		s.apply(sandboxed)
		c := s.start(s.sleeper("acme"))
		s.must(s.node.Kill())
		s.must(s.node.Restart(s.ctx))
		s.must(c.Attend(s.ctx))
		if code := s.wait(c.exec(nil, "true")); code != 0 {
			s.Errorf("an exec ended with %d", code)
		}
		s.verify("after containerd was killed", 0, "1 tenant and 1 container hold")
		c.delete()
		s.clean()
	})
}

// What a container leaves when all that could have cleaned up was killed.
func TestGCTakesASandboxAway(t *testing.T) {
	needsRunsc(t)
	onOwnNode(t, func(s *stage) {
		s.apply(sandboxed)
		c := s.start(s.sleeper("acme"))
		r, err := record.Load(s.node.Root(), record.Scope(c.Namespace), c.ID)
		s.must(err)
		s.must(s.node.Kill())
		s.must(unix.Kill(host.Parent(c.Pid()), unix.SIGKILL))
		s.must(unix.Kill(c.Pid(), unix.SIGKILL))
		s.must(node.Await(s.ctx, func() bool { return !r.Alive() }))
		s.must(unix.Unmount(filepath.Join(r.Bundle, "rootfs"), unix.MNT_DETACH))
		address, err := os.ReadFile(filepath.Join(r.Bundle, "address"))
		s.must(err)
		s.must(os.Remove(strings.TrimPrefix(string(address), "unix://"))) // the shim's, as a reboot would
		s.must(os.RemoveAll(r.Bundle))
		res, err := s.node.Bulkhead(s.ctx, "gc")
		s.must(err)
		if err := res.Failed(); err != nil || !strings.Contains(res.Stdout, c.ID) {
			s.Errorf("gc: %v, and it says %q", err, res.Stdout)
		}
		if left, _ := filepath.Glob(filepath.Join(r.StateRoot, "*")); len(left) > 0 {
			s.Errorf("runsc has %q still", left)
		}
		s.must(s.node.Restart(s.ctx))
	})
}
