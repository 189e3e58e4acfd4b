package integration

import (
	goruntime "runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/spec/cpulist"
)

// cores are acme's, beside globex.
func cores(of string) node.Policy {
	return node.Policy{Tenants: map[string]string{"acme": "limits: {cpu: \"1\"}\ncpus: " + of, "globex": ""}}
}

func TestExclusiveTenantHasItsCoresAlone(t *testing.T) {
	if goruntime.NumCPU() < 2 {
		t.Skip("one CPU, which nobody can have alone")
	}
	onNewestEngine(t, cores("Shared"), func(s *stage) {
		acme, globex := s.start(s.busy("acme")), s.start(s.busy("globex"))
		s.begin()
		all := s.cpus(globex.Process)
		if s.cpus(acme.Process) != all {
			s.Fatalf("acme has CPUs %v and globex %v, want the same", s.cpus(acme.Process), all)
		}

		var seen cpulist.Set
		s.must(node.Await(s.ctx, func() bool { seen = seen.Or(running(globex)); return seen == all }))

		s.apply(cores("Exclusive"))
		own, rest := s.cpus(acme.Process), s.cpus(globex.Process)
		if own.Count() == 0 || rest.Count() == 0 || own.And(rest).Count() > 0 || own.Or(rest) != all {
			s.Fatalf("acme has CPUs %v and globex %v, want all of %v in two parts", own, rest, all)
		}
		s.expectRunning(acme, own)
		s.expectRunning(globex, rest)
		for _, c := range []*container{acme, globex} { // or all that follows is slow
			s.must(unix.Kill(c.Pid(), unix.SIGSTOP))
		}
		s.expectCPUs("started later", own, rest)
		for _, c := range []*container{acme, globex} {
			if got := s.cpus(c.exec(nil, "sleep", "600")); got != s.cpus(c.Process) {
				s.Errorf("an exec has CPUs %v, its container %v", got, s.cpus(c.Process))
			}
		}
		s.apply(cores("Shared"))
		s.expectCPUs("Shared again, started later", all, all)
		for _, c := range []*container{acme, globex} {
			if got := s.cpus(c.Process); got != all {
				s.Errorf("Shared again: %s has CPUs %v, want %v", c.Namespace, got, all)
			}
		}
	})
}

// expectCPUs starts a container of each tenant.
func (s *stage) expectCPUs(what string, acme, globex cpulist.Set) {
	s.Helper()
	for name, want := range map[string]cpulist.Set{"acme": acme, "globex": globex} {
		c := s.start(s.sleeper(name))
		if got := s.cpus(c.Process); got != want {
			s.Errorf("%s: %s has CPUs %v, want %v", what, name, got, want)
		}
		c.delete()
	}
}

// expectRunning looks at the threads of a busy container for a while.
func (s *stage) expectRunning(c *container, on cpulist.Set) {
	s.Helper()
	var seen cpulist.Set
	from := s.used(0, []*container{c})[0]
	s.must(node.Await(s.ctx, func() bool {
		seen = seen.Or(running(c))
		return s.used(0, []*container{c})[0]-from > 200*time.Millisecond
	}))
	if !seen.Within(on) {
		s.Errorf("%s ran on CPUs %v, want %v only", c.Namespace, seen, on)
	}
}

// running are the CPUs that a container's threads are on.
func running(c *container) (on cpulist.Set) {
	for _, cpu := range host.RunsOn(c.Pid()) {
		one, _ := cpulist.From(strconv.Itoa(cpu))
		on = on.Or(one)
	}
	return on
}

func (s *stage) cpus(p *node.Process) cpulist.Set {
	s.Helper()
	set, ok := cpulist.From(host.AllowedCPUs(p.Pid()))
	if !ok {
		s.Fatalf("process %d may run on CPUs %q", p.Pid(), host.AllowedCPUs(p.Pid()))
	}
	return set
}
