package integration

import (
	"slices"
	"strings"
	"syscall"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// acme is the smallest tenant.
var acme = node.Policy{Tenants: map[string]string{"acme": "limits: {cpu: \"2\", memory: 512Mi}"}}

func TestStreamsAndExitCodeReachTheClient(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		r := s.sleeper("acme")
		r.Args = []string{"sh", "-c", "read line; echo out $line; echo err >&2; exit 7"}
		r.Stdin = strings.NewReader("in\n")
		c := s.start(r)
		if code := c.wait(); code != 7 {
			s.Errorf("exit code %d, want 7", code)
		}
		if got := c.Stdout.String(); got != "out in\n" {
			s.Errorf("standard output %q", got)
		}
		if got := c.Stderr.String(); got != "err\n" {
			s.Errorf("standard error %q", got)
		}
	})
}

func TestTerminalHasTheSizeThatTheClientGivesIt(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		r := s.sleeper("acme")
		r.Terminal = true
		r.Args = []string{"sh", "-c", "read go; tty; stty size"}
		in := newInput()
		r.Stdin = in
		c := s.start(r)
		s.must(c.Task().Resize(c.Context(s.ctx), 100, 30))
		in.line("go")
		if code := c.wait(); code != 0 {
			s.Errorf("exit code %d", code)
		}
		if got := c.Stdout.String(); !strings.Contains(got, "/dev/pts/0") || !strings.Contains(got, "30 100") {
			s.Errorf("printed %q, want a terminal of 30 lines and 100 columns", got)
		}
	})
}

func TestExecRunsInsideTheContainer(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		p := c.exec(nil, "sh", "-c", "echo $0 $(ps | grep -c 'sleep 600$'); exit 3", "hello")
		if code := s.wait(p); code != 3 {
			s.Errorf("exit code %d, want 3", code)
		}
		if got := p.Stdout.String(); got != "hello 1\n" {
			s.Errorf("printed %q", got)
		}
	})
}

func TestSignalEndsTheContainer(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		r := s.sleeper("acme")
		r.Args = []string{"sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 1; done"}
		trapped, killed := s.start(r), s.start(s.sleeper("acme"))
		_, err := trapped.Stdout.Line(s.ctx, "ready")
		s.must(err)
		s.must(trapped.Kill(s.ctx, syscall.SIGTERM))
		if code := trapped.wait(); code != 5 {
			s.Errorf("trapped SIGTERM: exit code %d, want 5", code)
		}
		s.must(killed.Kill(s.ctx, syscall.SIGKILL))
		if code := killed.wait(); code != 128+9 {
			s.Errorf("SIGKILL: exit code %d, want 137", code)
		}
	})
}

func TestPauseFreezesAndResumeThaws(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		frozen := host.Setting{Controller: "freezer", V1: "freezer.state", V2: "cgroup.freeze"}
		for _, step := range []struct {
			do   func() error
			want []string
		}{
			{func() error { return c.Task().Pause(c.Context(s.ctx)) }, []string{"FROZEN", "1"}},
			{func() error { return c.Task().Resume(c.Context(s.ctx)) }, []string{"THAWED", "0"}},
		} {
			s.must(step.do())
			got, err := frozen.Read(c.Pid(), 0)
			s.must(err)
			if !slices.Contains(step.want, got) {
				s.Errorf("the freezer says %s, want %s", got, step.want[0])
			}
		}
	})
}

func TestUpdateWithinTheTenantTakesEffect(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		want := int64(64 << 20)
		s.must(c.Update(s.ctx, &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &want}}))
		if got := s.read(host.MemoryLimit, c, 0); got != want {
			s.Errorf("memory limit %d, want %d", got, want)
		}
	})
}

func TestMetricsAreThoseOfTheContainer(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		var pids, limit uint64
		// What started the container, with threads of its own, goes a moment later.
		err := node.Await(s.ctx, func() bool {
			m, err := c.Task().Metrics(c.Context(s.ctx))
			s.must(err)
			pids, limit = metrics(s, m)
			return pids == 1
		})
		if err != nil {
			s.Errorf("metrics count %d tasks, want 1", pids)
		}
		if want := uint64(s.read(host.MemoryLimit, c, 0)); limit != want {
			s.Errorf("metrics say memory limit %d, the cgroup %d", limit, want)
		}
	})
}

func TestEventsArriveInOrder(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		events, err := s.node.Listen(s.ctx, s.node.Namespace("acme"))
		s.must(err)
		defer events.Stop()
		c := s.start(s.sleeper("acme"))
		s.wait(c.exec(nil, "true"))
		// Upstream's service answers a wait before it has sent the exit.
		s.event(events, c, "/tasks/exit", 1)
		s.must(c.Kill(s.ctx, syscall.SIGKILL))
		s.event(events, c, "/tasks/exit", 2)
		c.delete()
		s.event(events, c, "/tasks/delete", 1)
		got := tasks(events.Of(c.ID))
		want := "create start exec-added exec-started exit exit delete"
		if got != want {
			s.Errorf("task events\n%s, want\n%s", got, want)
		}
	})
}

// tasks are the topics of tasks, in short.
func tasks(topics []string) string {
	var short []string
	for _, topic := range topics {
		if name, ok := strings.CutPrefix(topic, "/tasks/"); ok {
			short = append(short, name)
		}
	}
	return strings.Join(short, " ")
}

// event waits for the nth event of a container with this topic.
func (s *stage) event(e *node.Events, c *container, topic string, nth int) {
	s.Helper()
	_, err := e.Wait(s.ctx, c.ID, topic, nth)
	s.must(err)
}
