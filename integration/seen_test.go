package integration

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// household is a parent with two tenants below it, and one beside.
var household = node.Policy{Pods: true, Tenants: map[string]string{
	"home":   `limits: {cpu: "1.5", memory: 512Mi}`,
	"acme":   "parent: home\nlimits: {cpu: 500m, memory: 256Mi, containers: 10}",
	"quiet":  "parent: home",
	"globex": "",
}}

// bulkhead runs the operator's CLI, which must succeed.
func (s *stage) bulkhead(args ...string) string {
	s.Helper()
	res, err := s.node.Bulkhead(s.ctx, args...)
	s.must(err)
	s.must(res.Failed())
	return res.Stdout
}

// seen is what top says of a tenant.
type seen struct {
	Tenant            string
	Containers        int
	ContainersLimit   *int
	CPUUsedCores      *float64
	CPULimitCores     *float64
	CPUThrottledRatio *float64
	MemoryUsedBytes   *int64
	MemoryLimitBytes  *int64
	Pids              *int64
	OOMKills          *int64
}

// top reads what all tenants use.
func (s *stage) top() map[string]seen {
	s.Helper()
	var list struct{ Items []seen }
	s.must(json.Unmarshal([]byte(s.bulkhead("top", "--once", "-o", "json")), &list))
	all := map[string]seen{}
	for _, x := range list.Items {
		all[x.Tenant] = x
	}
	return all
}

func TestTopShowsWhatTenantsUse(t *testing.T) {
	onEachEngine(t, household, func(s *stage) {
		s.start(s.busy("acme"))
		s.begin()
		s.untilTouched(s.start(s.prober("quiet", "memory", "64")), 64)
		var top map[string]seen
		s.must(node.Await(s.ctx, func() bool { // a busy machine may give it nothing for a moment
			top = s.top()
			x := top["acme"]
			return x.CPUUsedCores != nil && *x.CPUUsedCores > 0.1 && x.CPUThrottledRatio != nil && *x.CPUThrottledRatio > 0
		}))
		acme, quiet, home, globex := top["acme"], top["quiet"], top["home"], top["globex"]
		if *acme.CPUUsedCores > 0.75 {
			s.Errorf("acme uses %v cores of its half", *acme.CPUUsedCores)
		}
		if *acme.CPULimitCores != 0.5 || *acme.MemoryLimitBytes != 256<<20 || *acme.ContainersLimit != 10 {
			s.Errorf("acme's limits are %v cores, %v bytes, %v containers", *acme.CPULimitCores, *acme.MemoryLimitBytes, *acme.ContainersLimit)
		}
		if *quiet.MemoryUsedBytes < 64<<20 || *quiet.MemoryUsedBytes > 128<<20 {
			s.Errorf("quiet uses %d bytes, and holds 64 MiB", *quiet.MemoryUsedBytes)
		}
		// Not all is read at one instant, and the kernel adds up a little later.
		const instant = 0.8
		for what, x := range map[string][2]float64{
			"cores":      {*home.CPUUsedCores, *acme.CPUUsedCores * instant},
			"bytes":      {float64(*home.MemoryUsedBytes), float64(*acme.MemoryUsedBytes+*quiet.MemoryUsedBytes) * instant},
			"containers": {float64(home.Containers), 2},
		} {
			if x[0] < x[1] {
				s.Errorf("home uses %v %s, its children %v", x[0], what, x[1])
			}
		}
		if *home.Pids != *acme.Pids+*quiet.Pids || *acme.OOMKills != 0 {
			s.Errorf("home has %d pids, its children %d and %d; acme had %d out of memory", *home.Pids, *acme.Pids, *quiet.Pids, *acme.OOMKills)
		}
		if globex.Containers != 0 || globex.CPUUsedCores != nil {
			s.Errorf("globex is %+v, want that nothing is known of it", globex)
		}
		if table := s.bulkhead("top", "--once"); !strings.Contains(table, "\n└─acme ") || strings.Contains(table, "\033") {
			s.Errorf("the table in a pipe is\n%s", table)
		}
	})
}

// inPod is a busy container of a pod.
func (s *stage) busyInPod(namespace string) *container {
	s.Helper()
	r := s.pod(namespace, "web").sleeper()
	r.Args, r.Stdin = []string{"probe", "spin", "60000"}, endless{}
	return s.start(r)
}

func TestTopCountsAPodOnce(t *testing.T) {
	onNewestEngine(t, household, func(s *stage) {
		s.untilTouched(s.start(s.prober("quiet", "memory", "32")), 32)
		r := s.pod("quiet", "web").sleeper()
		r.Args, r.Stdin = []string{"probe", "memory", "64"}, endless{}
		s.untilTouched(s.start(r), 64)
		top := s.top()
		for _, name := range []string{"quiet", "home"} {
			if x := top[name]; *x.MemoryUsedBytes < 96<<20 || *x.MemoryUsedBytes > 140<<20 || x.Containers != 2 {
				s.Errorf("%s uses %d bytes in %d containers, want 96 MiB in 2", name, *x.MemoryUsedBytes, x.Containers)
			}
		}
	})
}

// moves reports whether a container used CPU time while another did.
func (s *stage) moves(c, control *container) bool {
	s.Helper()
	const enough = 100 * time.Millisecond
	before := s.used(0, []*container{c, control})
	s.must(node.Await(s.ctx, func() bool { return s.used(0, []*container{control})[0] > before[1]+enough }))
	return s.used(0, []*container{c})[0] > before[0]
}

func TestFreezeStopsAWholeTenantUntilItIsThawed(t *testing.T) {
	onEachEngine(t, household, func(s *stage) {
		own, neighbour := s.start(s.busy("acme")), s.start(s.busy("globex"))
		s.begin()
		held := []*container{own}
		if s.node.Engine.Modern() {
			held = append(held, s.busyInPod("acme"))
		}
		s.Cleanup(func() { s.bulkhead("thaw", "home") }) // or nothing of it could be deleted
		expect := func(want bool, when string) {
			for i, c := range held {
				if got := s.moves(c, neighbour); got != want {
					s.Errorf("%s container %d runs: %v, want %v", when, i, got, want)
				}
			}
		}
		expect(true, "at first")
		if said := s.bulkhead("freeze", "home"); !strings.HasPrefix(said, "tenant/home frozen: ") {
			s.Errorf("freeze said %q", said)
		}
		expect(false, "frozen,")
		res, err := s.node.Bulkhead(s.ctx, "thaw", "acme")
		s.must(err)
		if res.Code != 1 || !strings.Contains(res.Stderr, "stays frozen, since home above it is") {
			s.Errorf("thaw below what is frozen ended with %d: %s", res.Code, res.Stderr)
		}
		s.bulkhead("freeze", "acme")
		s.bulkhead("thaw", "home")
		expect(true, "thawed,")
	})
}

func TestKillEndsATenantsContainersOnly(t *testing.T) {
	onEachEngine(t, household, func(s *stage) {
		ends, neighbour, beside := s.start(s.busy("acme")), s.start(s.sleeper("globex")), s.start(s.sleeper("quiet"))
		s.begin()
		frozen := s.start(s.sleeper("acme"))
		s.must(frozen.Task().Pause(frozen.Context(s.ctx)))
		if said, want := s.bulkhead("kill", "acme"), "tenant/acme killed: 2 containers\n"; said != want {
			s.Errorf("kill said %q, want %q", said, want)
		}
		for _, c := range []*container{ends, frozen} {
			if code := c.wait(); code != 128+9 {
				s.Errorf("a container of acme ended with %d, want 137", code)
			}
		}
		if !host.Alive(neighbour.Pid()) || !host.Alive(beside.Pid()) {
			s.Error("a container of another tenant was killed")
		}
	})
}

func TestKillEndsWhatIsFrozen(t *testing.T) {
	onNewestEngine(t, household, func(s *stage) {
		c, inPod := s.start(s.sleeper("acme")), s.start(s.pod("acme", "web").sleeper())
		s.bulkhead("freeze", "home")
		s.bulkhead("thaw", "home")
		s.bulkhead("freeze", "acme")
		s.bulkhead("kill", "home")
		for _, ended := range []*container{c, inPod} {
			if code := ended.wait(); code != 128+9 {
				s.Errorf("%s ended with %d, want 137", ended.ID, code)
			}
		}
	})
}

// metrics serves the node's and returns how to scrape them. It must end well.
func (s *stage) metrics() func() map[string]*dto.MetricFamily {
	s.Helper()
	repo, err := node.Repository()
	s.must(err)
	cmd := exec.Command(filepath.Join(repo, "bin/bulkhead"), "metrics", "--listen", "127.0.0.1:0")
	cmd.Env = []string{tenant.RootEnv + "=" + string(s.node.Root())}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	s.must(err)
	s.must(cmd.Start())
	s.Cleanup(func() {
		s.must(cmd.Process.Signal(syscall.SIGTERM))
		if err := cmd.Wait(); err != nil {
			s.Errorf("bulkhead metrics ended with %v", err)
		}
	})
	said, err := bufio.NewReader(out).ReadString('\n')
	s.must(err)
	address := strings.TrimSpace(strings.TrimPrefix(said, "serving "))
	return func() map[string]*dto.MetricFamily {
		s.Helper()
		req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, address, nil)
		s.must(err)
		res, err := http.DefaultClient.Do(req)
		s.must(err)
		defer res.Body.Close()
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(res.Body)
		s.must(err)
		return families
	}
}

// sample is one number of a scrape, -1 when it is not there.
func sample(families map[string]*dto.MetricFamily, name string, labels map[string]string) float64 {
	for _, m := range families[name].GetMetric() {
		fits := 0
		for _, l := range m.GetLabel() {
			if labels[l.GetName()] == l.GetValue() {
				fits++
			}
		}
		if fits == len(labels) {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return -1
}

func TestMetricsCountUseAndDenials(t *testing.T) {
	onEachEngine(t, household, func(s *stage) {
		c := s.start(s.busy("acme"))
		s.begin()
		scrape := s.metrics()
		acme := map[string]string{"tenant": "acme"}
		const cpu = "bulkhead_tenant_cpu_usage_seconds_total"
		first := scrape()
		s.must(node.Await(s.ctx, func() bool { return sample(scrape(), cpu, acme) > sample(first, cpu, acme)+0.1 }))
		kernel := s.used(1, []*container{c})[0].Seconds()
		now := scrape()
		if got := sample(now, cpu, acme); got < kernel || got > kernel+5 {
			s.Errorf("acme used %v s, the kernel said %v before", got, kernel)
		}
		for name, want := range map[string]float64{
			"bulkhead_tenant_cpu_limit_cores": 0.5, "bulkhead_tenant_memory_limit_bytes": 256 << 20, "bulkhead_tenant_containers": 1,
			"bulkhead_tenant_committed_cpu_cores": 0.5, "bulkhead_tenant_oom_kills_total": 0,
		} {
			if got := sample(now, name, acme); got != want {
				s.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		c.delete()
		if got := sample(scrape(), "bulkhead_tenant_containers", acme); got != 0 {
			s.Errorf("acme has %v containers, want none", got)
		}

		who := map[string]string{"tenant": "acme", "isolator": "namespaces"}
		before := max(sample(scrape(), "bulkhead_denials_total", who), 0)
		r := s.sleeper("acme")
		r.Spec = []oci.SpecOpts{oci.WithHostNamespace(specs.NetworkNamespace)}
		_, err := s.node.Run(s.ctx, r)
		expectRefusal(s, err, "refused by namespaces")
		if got := sample(scrape(), "bulkhead_denials_total", who); got != before+1 {
			s.Errorf("acme was denied %v times, want %v", got, before+1)
		}
	})
}
