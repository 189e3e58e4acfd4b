package integration

import (
	"strings"
	"syscall"
	"testing"
)

// A further process is one of the sandbox's kernel; on the node there is only
// who waits for it.
func TestRunscEndsAFurtherProcessInside(t *testing.T) {
	onEachEngineWithRunsc(t, sandboxed, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		processes := func() string {
			p := c.exec(nil, "ps", "-o", "args")
			s.wait(p)
			return p.Stdout.String()
		}
		p := c.exec(nil, "sleep", "1234")
		if got := processes(); !strings.Contains(got, "sleep 1234") {
			s.Fatalf("inside there are\n%s\nwant the further process", got)
		}
		s.must(p.Kill(s.ctx, syscall.SIGKILL))
		if code := s.wait(p); code != 128+9 {
			s.Errorf("it ended with %d, want 137", code)
		}
		if got := processes(); strings.Contains(got, "sleep 1234") {
			s.Errorf("inside there still is\n%s", got)
		}
	})
}

// One that does not answer is killed nevertheless.
func TestRunscThatDoesNotAnswerIsKilled(t *testing.T) {
	onEachEngineWithRunsc(t, sandboxed, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		s.must(syscall.Kill(c.Pid(), syscall.SIGKILL))
		if code := c.wait(); code != 128+9 {
			s.Errorf("it ended with %d, want 137", code)
		}
		c.delete()
		s.clean()
	})
}
