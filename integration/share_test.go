package integration

import (
	"context"
	"math"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// busy is a container that keeps four threads a CPU running from the next
// measure on, until it is deleted.
func (s *stage) busy(tenant string) node.Run {
	r := s.prober(tenant, "busy", "180000")
	r.Stdin = s.gate
	return r
}

// looping is the same with a process for each thread, which does nothing but run:
// the threads of Go's runtime that sleep and wake in between cost their group its
// turn (Linux 6.18, groups on cgroup v1).
func (s *stage) looping(tenant string) node.Run {
	r := s.busy(tenant)
	r.Args = node.Loops()
	return r
}

// begin lets those run that wait for it.
func (s *stage) begin() {
	s.gate.Open()
	s.gate = node.NewGate()
}

// measure returns how the cgroups that are up levels above containers split
// CPU time, over so many windows. All load of the machine that is not theirs is
// left out.
func (s *stage) measure(windows time.Duration, up int, containers ...*container) node.Split {
	s.Helper()
	s.begin()
	for _, c := range containers {
		_, err := c.Stdout.Line(s.ctx, "busy")
		s.must(err)
	}
	got, err := node.Measure(s.ctx, windows, func() ([]time.Duration, error) { return s.used(up, containers), nil })
	s.must(err)
	return got
}

func (s *stage) used(up int, containers []*container) []time.Duration {
	s.Helper()
	var all []time.Duration
	for _, c := range containers {
		used, err := host.CPUUsed(c.Pid(), up)
		s.must(err)
		all = append(all, used)
	}
	return all
}

// expectSplit expects tenants, each with a busy container, to split CPU time so,
// within five percentage points: of the whole machine, or else of one CPU. There
// the weights alone decide; over several, so does how the kernel spreads what
// runs, of which all other load of the machine is a part.
func (s *stage) expectSplit(what string, want []float64, containers ...*container) node.Split {
	s.Helper()
	measure := func(windows time.Duration) (node.Split, bool) {
		got := s.measure(windows, 1, containers...)
		for i, p := range got.Percent {
			if math.Abs(p-want[i]) > 5 {
				return got, false
			}
		}
		return got, true
	}
	if got, ok := s.try(what, measure, 1, 2, 3, 4); ok {
		return got
	}
	s.onOneCPU(containers...)
	return s.expect(what+", on one CPU", measure)
}

// onOneCPU keeps what runs now in the tenants of containers on one CPU.
func (s *stage) onOneCPU(tenants ...*container) {
	s.Helper()
	var own, one unix.CPUSet
	s.must(unix.SchedGetaffinity(0, &own))
	for cpu := 0; one.Count() == 0; cpu++ {
		if own.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	for _, c := range tenants {
		dir, err := host.CgroupAbove(c.Pid(), "cpu", 1)
		s.must(err)
		for _, pid := range host.Processes() {
			if below, err := host.CgroupAbove(pid, "cpu", 1); err == nil && below == dir {
				s.must(unix.SchedSetaffinity(pid, &one))
			}
		}
	}
}

// unhurried gives a test that measures more than once the time for it.
func (s *stage) unhurried() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	s.Cleanup(cancel)
	s.ctx = ctx
}

// expect measures again, and longer, what other load on the machine may have
// disturbed, or the kernel has to make good: a group that was alone for a while
// waits as long afterwards.
func (s *stage) expect(what string, measure func(windows time.Duration) (node.Split, bool)) node.Split {
	s.Helper()
	got, ok := s.try(what, measure, 1, 2, 3, 3, 4, 4, 5, 5)
	if !ok {
		s.Errorf("%s: never as expected, at last %.1f %%, at %.2f CPUs", what, got.Percent, got.Rate)
	}
	return got
}

// try measures over so many windows each time, until it is right.
func (s *stage) try(what string, measure func(windows time.Duration) (node.Split, bool), windows ...time.Duration) (got node.Split, ok bool) {
	s.Helper()
	for _, w := range windows {
		if got, ok = measure(w); ok {
			return got, true
		}
		s.Logf("%s: measured %.1f %%, at %.2f CPUs", what, got.Percent, got.Rate)
	}
	return got, false
}

// without stops a container's process while do runs. It is not frozen: on cgroup
// v1 runc gives up when the CPUs are too busy for its threads to notice ("unable
// to freeze", runc 1.5.2).
func (s *stage) without(c *container, do func()) {
	s.Helper()
	s.must(unix.Kill(-c.Pid(), unix.SIGSTOP))
	do()
	s.must(unix.Kill(-c.Pid(), unix.SIGCONT))
}
