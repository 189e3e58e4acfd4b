package integration

import (
	"context"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// previous is the folder of an earlier build.
func previous(t *testing.T) string {
	t.Helper()
	onlyIfItMatters(t)
	repo, err := node.Repository()
	if err != nil {
		t.Fatal(err)
	}
	folder, err := filepath.EvalSymlinks(filepath.Join(repo, "bin/engines/previous"))
	if err != nil {
		t.Skipf("there is no earlier build, as in a clone without history; make engines makes one (%v)", err)
	}
	return folder
}

// onUpgradedNode runs a test on a node of its own of each engine, on which an
// earlier build of Bulkhead is in use.
func onUpgradedNode(t *testing.T, p node.Policy, test func(*stage)) {
	programs := previous(t)
	eachAtOnce(t, nodes, nameOfNode, func(t *testing.T, shared *node.Node) {
		n, err := node.StartKind(context.Background(), shared.Engine, node.Kind{Programs: programs})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		})
		s := newStage(t, n)
		s.apply(p)
		test(s)
	})
}

// probes are execs of a container each second, as a kubelet's.
type probes struct {
	stop         context.CancelFunc
	ended        chan struct{}
	made, failed atomic.Int64
	last         atomic.Value // why one failed
}

func (c *container) probe() *probes {
	ctx, stop := context.WithCancel(c.s.ctx)
	p := &probes{stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			if err := c.probeOnce(); err != nil {
				p.failed.Add(1)
				p.last.Store(err.Error())
			}
			p.made.Add(1)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return p
}

func (c *container) probeOnce() error {
	e, err := c.Exec(c.s.ctx, node.Run{Args: []string{"true"}}, nil)
	if err != nil {
		return err
	}
	if _, err := e.Wait(c.s.ctx); err != nil {
		return err
	}
	return e.Remove(c.s.ctx)
}

// end waits until there were so many more.
func (p *probes) end(s *stage, more int64) {
	s.Helper()
	until := p.made.Load() + more
	s.must(node.Await(s.ctx, func() bool { return p.made.Load() >= until }))
	p.stop()
	<-p.ended
	if failed := p.failed.Load(); failed > 0 {
		s.Errorf("of %d probes %d failed, the last with: %v", p.made.Load(), failed, p.last.Load())
	}
	s.Logf("%d probes, %d failed", p.made.Load(), p.failed.Load())
}

func TestContainersOutliveAnUpgrade(t *testing.T) {
	onUpgradedNode(t, acme, func(s *stage) {
		old := s.start(s.sleeper("acme"))
		probes := old.probe()
		before := s.limitsOf(old, 0)
		shim := host.Parent(old.Pid())
		s.must(s.node.Upgrade())

		// The operator's new program knows the container, and its policy binds it.
		for _, verb := range [][]string{{"get", "containers"}, {"verify"}} {
			res, err := s.node.Bulkhead(s.ctx, verb...)
			s.must(err)
			if res.Code != 0 || verb[0] == "get" && !strings.Contains(res.Stdout, old.ID) {
				s.Errorf("bulkhead %v: exit %d: %s%s", verb, res.Code, res.Stdout, res.Stderr)
			}
		}
		if got := s.limitsOf(old, 0); got != before {
			s.Errorf("its limits are %+v, want %+v as before", got, before)
		}
		s.apply(node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 96Mi, pids: 50}"}})
		if got, want := s.limitsOf(old, 0), (limits{96 << 20, 50, host.Unlimited}); got != want {
			s.Errorf("by the new policy its limits are %+v, want %+v", got, want)
		}
		// A new one, of the new build, shares the tenant's cgroup with it.
		fresh := s.start(s.sleeper("acme"))
		a, err := host.CgroupAbove(old.Pid(), "memory", 1)
		s.must(err)
		b, err := host.CgroupAbove(fresh.Pid(), "memory", 1)
		s.must(err)
		if a != b {
			s.Errorf("the tenant's cgroup is %s for the old one and %s for the new one", a, b)
		}
		probes.end(s, 2)
		if host.Parent(old.Pid()) != shim || !host.Alive(shim) {
			s.Error("the shim that started it does not serve it any longer")
		}

		// containerd comes back and finds both; what the old shim made, the new
		// one deletes after it was killed.
		s.must(s.node.Kill())
		s.must(s.node.Restart(s.ctx))
		s.must(old.Attend(s.ctx))
		s.must(fresh.Attend(s.ctx))
		old.probe().end(s, 2)
		events, err := s.node.Listen(s.ctx, s.node.Namespace("acme"))
		s.must(err)
		defer events.Stop()
		s.must(unix.Kill(shim, unix.SIGKILL))
		s.event(events, old, "/tasks/delete", 1) // by containerd, with the new shim
		// containerd 1.6 asks the shim that is gone for a moment longer.
		s.must(node.Await(s.ctx, func() bool { return old.Delete(s.ctx) == nil }))
		if host.Alive(old.Pid()) {
			s.Error("its process lives")
		}
		fresh.delete()
		s.clean()
	})
}

// The operator can kill what an older build started.
func TestNewBuildKillsATenantOfAnOlderOne(t *testing.T) {
	onUpgradedNode(t, acme, func(s *stage) {
		old := s.start(s.sleeper("acme"))
		s.must(s.node.Upgrade())
		res, err := s.node.Bulkhead(s.ctx, "kill", "acme")
		s.must(err)
		s.must(res.Failed())
		if code := old.wait(); code != 137 {
			s.Errorf("it ended with %d, want 137", code)
		}
		old.delete()
		s.clean()
	})
}
