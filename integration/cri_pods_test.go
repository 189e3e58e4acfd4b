package integration

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// A pod of each tenant: an init container that ends, two that stay, a volume that
// they share, a network that CNI made, and logs where a kubelet reads them.
func TestCRIRunsPodsOfTwoTenants(t *testing.T) {
	onEachCRI(t, func(s *criStage) {
		for _, handler := range s.handlers() {
			s.Run(handler, func(t *testing.T) {
				s := newCRIStage(t, s.Node)
				acme, globex := s.tenantsPod(acmePods, handler), s.tenantsPod(globexPods, handler)
				if got, want := acme.limits(), (limits{64 * mi, 4096, 1000}); got != want {
					s.Errorf("acme's container has %+v, want %+v", got, want)
				}
				if got := acme.address().Compare(globex.address()); got == 0 {
					s.Errorf("both pods have the address %s", acme.address())
				}
				for _, kind := range []string{"net", "ipc", "uts"} {
					of := func(c *criContainer) string {
						link, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(c.pid()), "ns", kind))
						s.must(err)
						return link
					}
					if a, b, other := of(acme.first), of(acme.second), of(globex.first); a != b || a == other {
						s.Errorf("namespaces %s of acme's containers are %s and %s, of globex's %s", kind, a, b, other)
					}
				}
				listed, err := s.Bulkhead(s.ctx, "get", "containers", "-o", "wide")
				s.must(err)
				for _, c := range []struct{ tenant, id string }{{"acme", acme.first.ID}, {"acme", acme.ID}, {"globex", globex.second.ID}, {"globex", globex.ID}} {
					if !slices.ContainsFunc(strings.Split(listed.Stdout, "\n"), func(line string) bool {
						return strings.Contains(line, c.tenant) && strings.Contains(line, c.id)
					}) {
						s.Errorf("container %s of %s is not in the list:\n%s", c.id, c.tenant, listed.Stdout)
					}
				}
			})
		}
	})
}

// A tenantsPod is a pod with an init container and two that stay.
type tenantsPod struct {
	*criPod
	first, second *criContainer
}

func (s *criStage) tenantsPod(namespace, handler string) *tenantsPod {
	s.Helper()
	p := &tenantsPod{criPod: s.pod(namespace, handler)}
	volume, err := p.Volume("work")
	s.must(err)
	mounted := func(c *cri.ContainerConfig) {
		c.Mounts = append(c.Mounts, &cri.Mount{ContainerPath: "/work", HostPath: volume})
	}
	first := p.start("init", "echo one >/work/order; echo done; echo bad >&2; exit 7", mounted)
	code, err := first.Wait(s.ctx)
	s.must(err)
	if code != 7 {
		s.Errorf("the init container ended with %d, want 7", code)
	}
	for stream, want := range map[string]string{"stdout": "done\n", "stderr": "bad\n"} {
		got, err := first.Log(stream)
		s.must(err)
		if got != want {
			s.Errorf("the log of its %s is %q, want %q", stream, got, want)
		}
	}
	s.must(first.Remove(s.ctx))
	p.first, p.second = p.start("first", "exec sleep 3600", mounted), p.start("second", "echo two >>/work/order; exec sleep 3600", mounted)
	if got := p.first.run("until [ $(wc -l </work/order) = 2 ]; do :; done; cat /work/order"); got != "one\ntwo" {
		s.Errorf("the containers wrote %q", got)
	}
	return p
}

// limits are those of a container that stays.
func (p *tenantsPod) limits() limits { return p.first.limits() }

// address is the pod's, which its containers see too.
func (p *tenantsPod) address() netip.Addr {
	p.s.Helper()
	status, err := p.Status(p.s.ctx)
	p.s.must(err)
	at, err := netip.ParseAddr(status.Network.GetIp())
	p.s.must(err)
	if !netip.MustParsePrefix(pods.Subnet).Contains(at) {
		p.s.Errorf("the pod's address is %s, want one of %s", at, pods.Subnet)
	}
	if seen := p.second.run("ip -o -4 addr show eth0"); !strings.Contains(seen, at.String()+"/") {
		p.s.Errorf("a container sees %q, want %s", seen, at)
	}
	return at
}

// What a pod asks for its containers is narrowed where it exceeds the tenant's.
func TestCRIUpdateCannotExceedTheTenant(t *testing.T) {
	onEachCRI(t, func(s *criStage) {
		asked := func(memory int64) *cri.LinuxContainerResources {
			return &cri.LinuxContainerResources{MemoryLimitInBytes: memory, CpuPeriod: 100000, CpuQuota: 400000, CpuShares: 512}
		}
		for _, handler := range s.handlers() {
			c := s.pod(acmePods, handler).sleeper(func(c *cri.ContainerConfig) { c.Linux.Resources = asked(512 * mi) })
			if got, want := c.limits(), (limits{256 * mi, 4096, 1000}); got != want {
				s.Errorf("%s: a container that asks for more has %+v, want %+v", handler, got, want)
			}
			for _, step := range []struct{ asked, want int64 }{{128 * mi, 128 * mi}, {1024 * mi, 256 * mi}, {96 * mi, 96 * mi}} {
				s.must(c.Update(s.ctx, asked(step.asked)))
				if got, want := c.limits(), (limits{step.want, 4096, 1000}); got != want {
					s.Errorf("%s: after an update to %d Mi it has %+v, want %+v", handler, step.asked/mi, got, want)
				}
			}
		}
		control := s.pod(acmePods, pods.Stock).sleeper()
		s.must(control.Update(s.ctx, asked(512*mi)))
		if got := control.limits(); got.memory != 512*mi || got.milliCPU != 4000 {
			s.Errorf("the stock shim gives %+v", got)
		}
	})
}

// CRI's stats are of the cgroup that the kubelet made, where the container is.
func TestCRICountsWhatContainersUse(t *testing.T) {
	onEachCRI(t, func(s *criStage) {
		for _, handler := range append(s.handlers(), pods.Stock) {
			p := s.pod(acmePods, handler)
			c := p.start("main", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exec sleep 3600")
			s.until("a container's CPU time and memory are counted", func() bool {
				said, err := s.Runtime.ContainerStats(s.ctx, &cri.ContainerStatsRequest{ContainerId: c.ID})
				s.must(err)
				return said.Stats.GetCpu().GetUsageCoreNanoSeconds().GetValue() > 0 && said.Stats.GetMemory().GetWorkingSetBytes().GetValue() > 0
			})
			s.until("a pod's, with its container's", func() bool {
				said, err := s.Runtime.PodSandboxStats(s.ctx, &cri.PodSandboxStatsRequest{PodSandboxId: p.ID})
				s.must(err)
				of := said.Stats.GetLinux()
				return of.GetCpu().GetUsageCoreNanoSeconds().GetValue() > 0 && of.GetMemory().GetWorkingSetBytes().GetValue() > 0 && len(of.GetContainers()) == 1
			})
			dir, err := host.CgroupDir(c.pid(), "memory")
			s.must(err)
			if !strings.Contains(dir, p.Config.Linux.CgroupParent+"/") {
				s.Errorf("%s: the container is in %s, want below %s", handler, dir, p.Config.Linux.CgroupParent)
			}
		}
	})
}
