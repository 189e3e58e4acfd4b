package integration

import (
	"os"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// bounded is a tenant with every limit, and a neighbour.
var bounded = node.Policy{Tenants: map[string]string{
	"acme": `
limits: {cpu: "1", memory: 256Mi, pids: 100}
container:
  default: {cpu: 250m, memory: 64Mi, pids: 32}
  max: {cpu: 500m, memory: 128Mi, pids: 64}
`,
	"globex": `limits: {cpu: "1", memory: 256Mi, pids: 100}`,
}}

// limits of a container and of its tenant, as the cgroups have them.
type limits struct{ memory, pids, milliCPU int64 }

func (s *stage) limitsOf(c *container, up int) limits {
	s.Helper()
	quota, err := host.CPUQuota(c.Pid(), up)
	s.must(err)
	return limits{s.read(host.MemoryLimit, c, up), s.read(host.PidsLimit, c, up), quota}
}

func TestContainerGetsItsTenantsDefaultsMaximaAndTotal(t *testing.T) {
	onEachEngine(t, bounded, func(s *stage) {
		modest, greedy := s.sleeper("acme"), s.sleeper("acme")
		greedy.Spec = []oci.SpecOpts{
			oci.WithMemoryLimit(8 << 30), oci.WithPidsLimit(30000), oci.WithCPUCFS(800000, 100000),
		}
		const mi = 1 << 20
		total := limits{256 * mi, 100, 1000}
		for _, run := range []struct {
			name string
			run  node.Run
			want limits
		}{
			{"asked for nothing", modest, limits{64 * mi, 32, 250}},
			{"asked for more than it may have", greedy, limits{128 * mi, 64, 500}},
		} {
			c := s.start(run.run)
			if got := s.limitsOf(c, 0); got != run.want {
				s.Errorf("%s: its limits are %+v, want %+v", run.name, got, run.want)
			}
			if got := s.limitsOf(c, 1); got != total {
				s.Errorf("%s: its tenant's limits are %+v, want %+v", run.name, got, total)
			}
		}
		if got := s.limitsOf(s.start(stock(modest)), 0).memory; got != host.Unlimited {
			s.Errorf("under the stock shim the memory limit is %d, want none", got)
		}
		if got := s.limitsOf(s.start(stock(greedy)), 0).memory; got != 8<<30 {
			s.Errorf("under the stock shim the memory limit is %d, want what was asked", got)
		}
	})
}

func TestContainerHasTheRightsOfItsLevel(t *testing.T) {
	levels := node.Policy{Tenants: map[string]string{
		"acme":   `security: {level: baseline}`,
		"globex": `security: {level: restricted}`,
	}}
	onEachEngine(t, levels, func(s *stage) {
		here, err := host.PostureOf(os.Getpid())
		s.must(err)

		baseline := s.posture(s.start(s.sleeper("acme")).Process)
		if host.Has(baseline.Bounding, host.CapNetRaw) || !host.Has(baseline.Effective, host.CapSysChroot) {
			s.Errorf("baseline holds %x, want no CAP_NET_RAW and CAP_SYS_CHROOT", baseline.Bounding)
		}
		user := s.sleeper("globex")
		user.Spec = []oci.SpecOpts{oci.WithUserID(1000)}
		restricted := s.posture(s.start(user).Process)
		if restricted.Bounding&^(1<<host.CapNetBindService) != 0 || !restricted.NoNewPrivileges {
			s.Errorf("restricted holds %x, no_new_privs %v; want at most CAP_NET_BIND_SERVICE, and true",
				restricted.Bounding, restricted.NoNewPrivileges)
		}
		for level, p := range map[string]host.Posture{"baseline": baseline, "restricted": restricted} {
			if p.Seccomp != host.SeccompFilter {
				s.Errorf("%s: seccomp is %v, want a filter", level, p.Seccomp)
			}
			if p.Inheritable|p.Ambient != 0 {
				s.Errorf("%s: inheritable %x, ambient %x; want none", level, p.Inheritable, p.Ambient)
			}
			for _, kind := range []string{"cgroup", "ipc", "mnt", "net", "pid", "uts"} {
				if p.Namespaces[kind] == here.Namespaces[kind] {
					s.Errorf("%s: the %s namespace is the host's", level, kind)
				}
			}
		}

		control := s.posture(s.start(stock(s.sleeper("acme"))).Process)
		if !host.Has(control.Bounding, host.CapNetRaw) || control.Seccomp != host.SeccompOff ||
			control.Namespaces["cgroup"] != here.Namespaces["cgroup"] {
			s.Errorf("the stock shim gives %+v, want CAP_NET_RAW, no filter and the host's cgroup namespace", control)
		}
	})
}

func TestContainerIsBelowItsTenantsCgroup(t *testing.T) {
	onEachEngine(t, bounded, func(s *stage) {
		r := s.sleeper("acme")
		r.Spec = []oci.SpecOpts{oci.WithCgroup("/somewhere/../else")}
		c := s.start(r)
		want := s.placeOf(c)
		for _, m := range host.Cgroups(c.Pid()) {
			if !strings.HasSuffix(m.Path, want) && !unlimiting(m) {
				s.Errorf("controllers %v: it is in %s, want %s", m.Controllers, m.Path, want)
			}
		}
	})
}

// placeOf is the cgroup that a container of acme shall be in: below a slice where
// systemd has the only hierarchy.
func (s *stage) placeOf(c *container) string {
	ours := "bulkhead_" + s.node.Root().Installation()
	if _, err := os.Stat("/run/systemd/system"); err == nil && host.V2() {
		return "/" + ours + ".slice/" + ours + "-acme.slice/bulkhead_" + c.Namespace + "-" + c.ID + ".scope"
	}
	return "/" + ours + "/acme.t/" + c.Namespace + "." + c.ID + ".c"
}

// unlimiting is a hierarchy that no limit is set with, which runc leaves alone
// on a machine whose controllers are elsewhere.
func unlimiting(m host.Membership) bool {
	return len(m.Controllers) == 0 && !host.V2()
}
