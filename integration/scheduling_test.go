package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// before asks to run, to read and to write before all others.
func before(scheduler specs.Scheduler) func(*specs.Process) {
	return func(p *specs.Process) {
		p.Scheduler = &scheduler
		p.IOPriority = &specs.LinuxIOPriority{Class: specs.IOPRIO_CLASS_RT, Priority: 0}
	}
}

// priority is how a process is scheduled.
func (s *stage) priority(p *node.Process) string {
	s.Helper()
	attr, err := unix.SchedGetAttr(p.Pid(), 0)
	s.must(err)
	io, _, errno := unix.Syscall(unix.SYS_IOPRIO_GET, 1, uintptr(p.Pid()), 0)
	if errno != 0 {
		s.Fatal(errno)
	}
	return fmt.Sprintf("policy %d, nice %d, I/O class %d", attr.Policy, attr.Nice, io>>13)
}

// runc sets both since 1.2.
func TestNobodyRunsBeforeOthers(t *testing.T) {
	onNewestEngine(t, acme, func(s *stage) {
		asking := func(change func(*specs.Process)) node.Run {
			r := s.sleeper("acme")
			r.Spec = []oci.SpecOpts{edit(func(spec *specs.Spec) { change(spec.Process) })}
			return r
		}
		const fair = "policy 0, nice 0, I/O class 2"
		for _, scheduler := range []specs.Scheduler{{Policy: specs.SchedOther, Nice: -5}, {Policy: specs.SchedFIFO, Priority: 1}} {
			first := before(scheduler)
			c := s.start(asking(first))
			if got := s.priority(c.Process); got != fair {
				s.Errorf("the container has %s, want %s", got, fair)
			}
			if got := s.priority(c.exec(first, "sleep", "600")); got != fair {
				s.Errorf("the exec has %s, want %s", got, fair)
			}
		}
		const got = "policy 0, nice -5, I/O class 1"
		nice := before(specs.Scheduler{Policy: specs.SchedOther, Nice: -5})
		control := s.start(stock(asking(nice)))
		for who, p := range map[string]*node.Process{"container": control.Process, "exec": control.exec(nice, "sleep", "600")} {
			if is := s.priority(p); is != got {
				s.Errorf("under the stock shim the %s has %s, want %s", who, is, got)
			}
		}
		// A kernel that shares realtime time out by cgroups has none for this one.
		switch c, err := s.node.Run(s.ctx, stock(asking(before(specs.Scheduler{Policy: specs.SchedFIFO, Priority: 1})))); {
		case err != nil && strings.Contains(err.Error(), "setting scheduler: operation not permitted"):
			s.Log("realtime policies are stopped below us, by the kernel's CONFIG_RT_GROUP_SCHED")
		case err != nil:
			s.Error(err)
		default:
			if is := s.priority(s.keep(c).Process); !strings.HasPrefix(is, "policy 1,") {
				s.Errorf("under the stock shim the container has %s, want policy 1", is)
			}
		}
	})
}
