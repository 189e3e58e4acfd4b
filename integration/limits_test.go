package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// Each test here has two containers of one tenant ask together for more than
// the tenant has, while its neighbour asks for as much as one of them.

func TestTwoContainersCannotPassTheirTenantsPids(t *testing.T) {
	const limit, each = 100, 70
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": "limits: {pids: 100}", "globex": "limits: {pids: 100}"}}, func(s *stage) {
		fork := func(r node.Run) (forked int, c *container) {
			c = s.start(r)
			return s.number(c.Process, "forked"), c
		}
		a, c := fork(s.prober("acme", "fork", "70"))
		b, _ := fork(s.prober("acme", "fork", "70"))
		used := s.read(host.PidsUsed, c, 1)
		if a+b >= 2*each || used > limit {
			s.Errorf("acme forked %d and %d, its cgroup counts %d; want at most %d", a, b, used, limit)
		}
		if a != each {
			s.Errorf("the first container forked %d, want %d: there was room for it", a, each)
		}
		if n, _ := fork(s.prober("globex", "fork", "70")); n != each {
			s.Errorf("globex forked %d, want %d: acme's pids are not its own", n, each)
		}
		for range 2 {
			if n, _ := fork(stock(s.prober("acme", "fork", "70"))); n != each {
				s.Errorf("under the stock shim %d forked, want %d", n, each)
			}
		}
	})
}

func TestTwoContainersCannotPassTheirTenantsMemory(t *testing.T) {
	const each = 96
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 128Mi}", "globex": "limits: {memory: 128Mi}"}}, func(s *stage) {
		neighbour, first := s.start(s.prober("globex", "memory", "96")), s.start(s.prober("acme", "memory", "96"))
		s.untilTouched(neighbour, each)
		s.untilTouched(first, each)
		second := s.start(s.prober("acme", "memory", "96"))
		// The kernel chooses whom of the two it kills; it may take both.
		if code := s.firstToEnd(second, first).wait(); code != 128+9 {
			s.Errorf("a container of acme ended with %d, want 137: the tenant's memory holds one of them", code)
		}
		if !host.Alive(neighbour.Pid()) {
			s.Error("globex's container ended for acme's memory")
		}
		for range 2 {
			s.untilTouched(s.start(stock(s.prober("acme", "memory", "96"))), each)
		}
	})
}

// untilTouched waits until the prober has touched so many mebibytes.
func (s *stage) untilTouched(c *container, mebibytes int) {
	s.Helper()
	if _, err := c.Stdout.Line(s.ctx, fmt.Sprintf("touched %d", mebibytes)); err != nil {
		s.Fatalf("%s: %v", c.ID, err)
	}
}

// firstToEnd waits until one of two containers has ended.
func (s *stage) firstToEnd(a, b *container) *container {
	s.Helper()
	s.must(node.Await(s.ctx, func() bool { return !host.Alive(a.Pid()) || !host.Alive(b.Pid()) }))
	if host.Alive(a.Pid()) {
		return b
	}
	return a
}

func TestTwoContainersCannotPassTheirTenantsCPU(t *testing.T) {
	const milliCPU = 200
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": "limits: {cpu: 200m}", "globex": ""}}, func(s *stage) {
		// spin returns the CPU time that two containers used, what the quota gives
		// in the time that both took, for they start one after the other, and how
		// often the cgroup up levels above the second's had to wait for more.
		spin := func(r node.Run, up int) (used, quota time.Duration, waits int64) {
			begin := time.Now()
			for _, c := range []*container{s.start(r), s.start(r)} {
				used += time.Duration(s.number(c.Process, "milliseconds")) * time.Millisecond
				var err error
				waits, err = host.CPUStat.Counter(c.Pid(), up, "nr_throttled")
				s.must(err)
			}
			return used, time.Since(begin) * milliCPU / 1000, waits
		}
		r := s.prober("acme", "spin", "2000")
		// The first period's quota is there at once, and a slice may overrun it.
		const slack = 50 * time.Millisecond
		used, quota, waits := spin(r, 1)
		if used > quota+slack {
			s.Errorf("acme used %v of CPU, want at most %v", used, quota)
		}
		if waits == 0 {
			s.Errorf("acme used %v of CPU and never had to wait, which shows nothing", used)
		}
		neighbour := s.start(s.prober("globex", "spin", "200"))
		s.number(neighbour.Process, "milliseconds")
		throttled, err := host.CPUStat.Counter(neighbour.Pid(), 1, "nr_throttled")
		s.must(err)
		if throttled > 0 {
			s.Errorf("globex was throttled %d times, want never", throttled)
		}
		if used, _, waits := spin(stock(r), 0); waits > 0 {
			s.Errorf("under the stock shim two used %v of CPU and waited %d times, want never", used, waits)
		}
	})
}
