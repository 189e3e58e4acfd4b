package integration

import (
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// university is a family of three levels: research, which also has containers of
// its own, is below it, and acme and globex are below research.
func university(limits string) node.Policy {
	child := "parent: research\nlimits: {cpu: 150m, memory: 128Mi, pids: 80}"
	return node.Policy{Tenants: map[string]string{
		"university": `limits: {cpu: "1000", memory: 1Gi, pids: 400}`,
		"research":   "parent: university\nlimits: " + limits,
		"acme":       child,
		"globex":     child,
	}}
}

const (
	narrow = `{cpu: 400m, memory: 144Mi, pids: 100}`
	wide   = `{cpu: "1000", memory: 512Mi, pids: 200}` // more CPUs than there are: nothing is throttled
)

func TestMemoryOfAParentBindsTheSumOfItsChildren(t *testing.T) {
	const each = 96
	onNewestEngine(t, university(narrow), func(s *stage) {
		first := s.start(s.prober("acme", "memory", "96"))
		s.untilTouched(first, each)
		second := s.start(s.prober("globex", "memory", "96"))
		if code := s.firstToEnd(second, first).wait(); code != 128+9 {
			s.Errorf("a child's container ended with %d, want 137: the parent's memory holds one of them", code)
		}
		first.delete()
		second.delete()

		s.apply(university(wide))
		for _, name := range []string{"acme", "globex"} {
			s.untilTouched(s.start(s.prober(name, "memory", "96")), each)
		}
	})
}

func TestPidsOfAParentBindTheSumOfItsChildren(t *testing.T) {
	const each, limit = 60, 100
	onNewestEngine(t, university(narrow), func(s *stage) {
		fork := func(name string) (int, *container) {
			c := s.start(s.prober(name, "fork", "60"))
			return s.number(c.Process, "forked"), c
		}
		a, first := fork("acme")
		b, second := fork("globex")
		if used := s.read(host.PidsUsed, first, 2); a != each || b >= each || used > limit {
			s.Errorf("acme forked %d and globex %d, their parent's cgroup counts %d; want %d, less, and at most %d", a, b, used, each, limit)
		}
		second.delete()
		s.apply(university(wide))
		if b, _ = fork("globex"); b != each {
			s.Errorf("globex forked %d, want %d: its parent has more now", b, each)
		}
	})
}

// A parent's own container and its child's are bound together, at once when the
// parent's limit changes.
func TestCPUOfAParentBindsItsOwnContainersAndItsChildren(t *testing.T) {
	onNewestEngine(t, university(narrow), func(s *stage) {
		acme, own := s.start(s.busy("acme")), s.start(s.busy("research"))
		s.begin()
		// used is what both were given of the CPU, in CPUs, over so many periods.
		used := func() float64 {
			const period, periods = 100 * time.Millisecond, 15
			begin, from := time.Now(), s.used(2, []*container{acme})[0]
			s.must(node.Await(s.ctx, func() bool { return time.Since(begin) > periods*period }))
			got := s.used(2, []*container{acme})[0] - from
			// The first period's quota is there at once, and each CPU may keep a
			// slice of 5 ms of an earlier one.
			return (got - 50*time.Millisecond).Seconds() / time.Since(begin).Seconds()
		}
		for _, step := range []struct {
			limits string
			most   float64
		}{{narrow, 0.4}, {`{cpu: 200m, memory: 144Mi, pids: 100}`, 0.2}} {
			s.apply(university(step.limits))
			if got := used(); got > step.most*1.05 {
				s.Errorf("%s: they used %.2f CPUs, want at most %.2f", step.limits, got, step.most)
			}
			before := s.throttled(own)
			s.must(node.Await(s.ctx, func() bool { return s.throttled(own) > before })) // they want more
		}
		s.apply(university(wide))
		before := s.throttled(own)
		s.measure(1, 1, own)
		if got := s.throttled(own); got != before {
			s.Errorf("the parent was throttled %d times more, want never: its limit was lifted", got-before)
		}
	})
}

func TestLastContainerTakesTheCgroupsOfAllLevelsAlong(t *testing.T) {
	onNewestEngine(t, university(narrow), func(s *stage) {
		acme, globex := s.start(s.sleeper("acme")), s.start(s.sleeper("globex"))
		if got, want := s.limitsOf(acme, 3), (limits{1 << 30, 400, 1_000_000}); got != want {
			s.Errorf("three levels above the container the limits are %+v, want the university's, %+v", got, want)
		}
		at := func(c *container, up int) string {
			dir, err := host.CgroupAbove(c.Pid(), "memory", up)
			s.must(err)
			return dir
		}
		levels := []string{at(acme, 1), at(acme, 2), at(acme, 3)}
		its := at(globex, 1)
		globex.delete()
		if exists(its) || !exists(levels[0]) {
			s.Errorf("globex's cgroup is there: %v, acme's: %v; want acme's only", exists(its), exists(levels[0]))
		}
		acme.delete()
		for i, dir := range levels {
			if exists(dir) {
				s.Errorf("the cgroup of level %d is still there: %s", i, dir)
			}
		}
	})
}

// throttled is how often a container's tenant had to wait for CPU time that it
// wanted.
func (s *stage) throttled(c *container) int64 {
	s.Helper()
	times, err := host.CPUStat.Counter(c.Pid(), 1, "nr_throttled")
	s.must(err)
	return times
}
