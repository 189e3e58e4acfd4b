package integration

import (
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// onContainerdsBetween runs a test on each containerd between the two that
// everything runs on: as its own client would use it, and over the CRI.
func onContainerdsBetween(t *testing.T, test func(*stage, *criStage)) {
	onlyIfItMatters(t)
	if inVM() {
		t.Skip("the VM has the two containerds alone")
	}
	engines, err := node.Between()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range engines {
		t.Run(e.Name, func(t *testing.T) {
			c := newCRIStage(t, criNode(t, e))
			c.must(c.Apply(c.ctx, podPolicy(c.Node.Node)))
			test(newStage(t, c.Node.Node), c)
		})
	}
}

// What a client of containerd does: start, streams, exec, update, kill, delete.
func TestEveryContainerdRunsContainers(t *testing.T) {
	onContainerdsBetween(t, func(s *stage, _ *criStage) {
		r := s.sleeper(acmePods)
		r.Args, r.Stdin = []string{"sh", "-c", "read line; echo out $line; echo err >&2; exit 7"}, strings.NewReader("in\n")
		ends := s.start(r)
		if code := ends.wait(); code != 7 || ends.Stdout.String() != "out in\n" || ends.Stderr.String() != "err\n" {
			s.Errorf("it ended with %d after %q and %q", code, ends.Stdout, ends.Stderr)
		}
		c := s.start(s.sleeper(acmePods))
		want := limits{64 * mi, 4096, 1000}
		if got := s.limitsOf(c, 0); got != want {
			s.Errorf("the container has %+v, want %+v", got, want)
		}
		held, got := s.posture(c.Process), s.posture(c.exec(everything, "sleep", "600"))
		if got.Effective&^held.Effective != 0 || got.Bounding&^held.Bounding != 0 || !got.NoNewPrivileges {
			s.Errorf("an exec holds %x, its container %x", got.Effective, held.Effective)
		}
		unlimited := int64(-1)
		_ = c.Update(s.ctx, &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &unlimited}, CPU: &specs.LinuxCPU{Quota: &unlimited}}) // what counts is what it has then
		if got := s.limitsOf(c, 0); got.memory > 256*mi || got.milliCPU > 1000 {
			s.Errorf("after an update it has %+v", got)
		}
		s.must(c.Kill(s.ctx, syscall.SIGKILL))
		if code := c.wait(); code != 137 {
			s.Errorf("killed, it ended with %d", code)
		}
		c.delete()
		ends.delete()
		s.clean()
	})
}

// What is refused leaves nothing, and would have worked.
func TestEveryContainerdSaysWhyBulkheadRefuses(t *testing.T) {
	onContainerdsBetween(t, func(s *stage, _ *criStage) {
		r := s.sleeper(acmePods)
		r.Spec = []oci.SpecOpts{oci.WithHostNamespace(specs.NetworkNamespace)}
		_, err := s.node.Run(s.ctx, r)
		expectRefusal(s, err, "refused by namespaces: linux.namespaces[network] is the host's, want an own one")
		_, err = s.node.Run(s.ctx, s.sleeper("nobody"))
		expectRefusal(s, err, "refused: no tenant selects containerd namespace "+s.node.Namespace("nobody"))
		res, err := s.node.CtrRun(s.ctx, s.node.Namespace(acmePods), node.Bulkhead, []string{"--net-host"}, "true")
		s.must(err)
		if res.Code == 0 || !strings.Contains(res.Stderr, "refused by namespaces: linux.namespaces[network]") {
			s.Errorf("ctr ended with %d, and says %s", res.Code, res.Stderr)
		}
		s.clean()
		s.start(stock(r))
	})
}

// What a kubelet does, by both ways to name Bulkhead.
func TestEveryContainerdRunsPods(t *testing.T) {
	onContainerdsBetween(t, func(_ *stage, s *criStage) {
		for _, handler := range []string{pods.ByType, pods.ByPath} {
			p := s.pod(acmePods, handler)
			first := p.start("init", "echo first; exit 3")
			code, err := first.Wait(s.ctx)
			s.must(err)
			if text, err := first.Log("stdout"); code != 3 || text != "first\n" {
				s.Errorf("%s: the init container ended with %d and logged %q: %v", handler, code, text, err)
			}
			c := p.sleeper()
			if got := filepath.Base(host.Program(host.Parent(c.pid()))); got != "containerd-shim-bulkhead-v2" {
				s.Errorf("%s starts %s", handler, got)
			}
			if own, first := c.run("grep CapBnd /proc/self/status"), c.run("grep CapBnd /proc/1/status"); own != first {
				s.Errorf("%s: an exec has %s, its container %s", handler, own, first)
			}
			for _, step := range []struct{ asked, want int64 }{{128 * mi, 128 * mi}, {1024 * mi, 256 * mi}} {
				s.must(c.Update(s.ctx, &cri.LinuxContainerResources{MemoryLimitInBytes: step.asked}))
				if got := c.limits().memory; got != step.want {
					s.Errorf("%s: after an update to %d Mi it has %d", handler, step.asked/mi, got/mi)
				}
			}
			s.until("its use is counted", func() bool {
				said, err := s.Runtime.PodSandboxStats(s.ctx, &cri.PodSandboxStatsRequest{PodSandboxId: p.ID})
				s.must(err)
				return said.Stats.GetLinux().GetMemory().GetWorkingSetBytes().GetValue() > 0
			})
			_, err = s.try(acmePods, handler, hostNetwork)
			s.refused(err, "refused by namespaces: linux.namespaces[network] is the host's")
			_, err = s.try(nobodys, handler)
			s.refused(err, "no tenant selects")
		}
		s.pod(acmePods, pods.Stock, hostNetwork).sleeper() // what is refused would have worked
		s.pod(exempt, pods.ByType, hostNetwork).sleeper()
	})
}

// Containers and pods go on running without containerd, and under the next one.
func TestEveryContainerdIsRestarted(t *testing.T) {
	onContainerdsBetween(t, func(s *stage, c *criStage) {
		mine, inPod := s.start(s.sleeper(globexPods)), c.pod(acmePods, pods.ByType).sleeper()
		pids := []int{mine.Pid(), inPod.pid()}
		s.must(s.node.Kill())
		s.must(s.node.Restart(s.ctx))
		c.must(c.Ready(c.ctx))
		s.must(mine.Attend(s.ctx))
		if !slices.Equal(pids, []int{mine.Pid(), inPod.pid()}) || !host.Alive(pids[0]) || !host.Alive(pids[1]) {
			s.Errorf("processes were %d, and are %d and %d", pids, mine.Pid(), inPod.pid())
		}
		if code := s.wait(mine.exec(nil, "true")); code != 0 {
			s.Errorf("an exec ended with %d", code)
		}
		if got := inPod.run("echo here"); got != "here" {
			s.Errorf("an exec in the pod said %q", got)
		}
	})
}
