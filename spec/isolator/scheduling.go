package isolator

import (
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

/*
scheduling: how a process gets the CPU and the disk before others.

Owns     process.scheduler, process.ioPriority
Rule     SCHED_OTHER, SCHED_BATCH or SCHED_IDLE with a nice value of at least 0,
         and no realtime class of I/O, unless the tenant may have CAP_SYS_NICE.
         Any other policy is SCHED_OTHER, any other class best effort; of the
         flags only SCHED_FLAG_RESET_ON_FORK stays. A further process has no
         more than its container.
Because  A realtime process takes the CPU from all others, realtime I/O the disk
         (attack row 52). Within best effort and idle every process chooses for
         itself, without a right (ioprio_set(2), sched(7)), so that a level there
         is not worth narrowing. A delegate sets them before it drops the right.
         Some flags make the kernel ignore the rest, and newer ones are unknown.
Escape   security.exceptions.capabilities: [CAP_SYS_NICE].
*/

var _ = register(Isolator{
	Name:   "scheduling",
	Owns:   []string{"/spec/process/scheduler", "/spec/process/ioPriority"},
	Reason: "before the processes of others",
	Leq: func(a, b *Request) bool {
		x, y := valueOf(a.Spec.Process), valueOf(b.Spec.Process)
		return schedulerRank(x.Scheduler) <= schedulerRank(y.Scheduler) && ioRank(x.IOPriority) <= ioRank(y.IOPriority)
	},
	Rewrite: fairScheduling,
	Exec:    containerScheduling,
	Holds:   schedulingHolds,
})

// niceness is the right to all of this (capabilities(7)). Who has it can take
// what it was not given.
const niceness = "CAP_SYS_NICE"

var fairPolicies = []specs.LinuxSchedulerPolicy{specs.SchedOther, specs.SchedBatch, specs.SchedIdle}

func fairScheduling(c *Case, r *Request) error {
	if p := r.Spec.Process; p != nil {
		p.Scheduler, p.IOPriority = fairScheduler(c, p.Scheduler), fairIO(c, p.IOPriority)
	}
	return nil
}

func fairScheduler(c *Case, s *specs.Scheduler) *specs.Scheduler {
	switch {
	case s == nil || mayHave(c, niceness):
		return s
	case !slices.Contains(fairPolicies, s.Policy):
		return &specs.Scheduler{Policy: specs.SchedOther}
	}
	fair := *s
	fair.Nice, fair.Flags = max(s.Nice, 0), nil
	if slices.Contains(s.Flags, specs.SchedFlagResetOnFork) {
		fair.Flags = []specs.LinuxSchedulerFlag{specs.SchedFlagResetOnFork}
	}
	return &fair
}

func fairIO(c *Case, p *specs.LinuxIOPriority) *specs.LinuxIOPriority {
	if ioRank(p) == 0 || mayHave(c, niceness) {
		return p
	}
	return &specs.LinuxIOPriority{Class: specs.IOPRIO_CLASS_BE, Priority: p.Priority}
}

func containerScheduling(c *Case, p *specs.Process) error {
	held := c.Created.Process
	p.Scheduler = lesser(p.Scheduler, held.Scheduler, schedulerRank, func(s *specs.Scheduler) *specs.Scheduler { return fairScheduler(c, s) })
	p.IOPriority = lesser(p.IOPriority, held.IOPriority, ioRank, func(i *specs.LinuxIOPriority) *specs.LinuxIOPriority { return fairIO(c, i) })
	return nil
}

// lesser returns what a further process gets. One that asks for nothing gets
// its container's from runc and none from others, so that the container's is
// written out where that is less than none, or more than the tenant may have now.
func lesser[T any](asked, held *T, rank func(*T) int, fair func(*T) *T) *T {
	most := fair(held)
	if asked == nil && rank(most) == rank(held) && rank(held) >= rank(nil) {
		return nil
	}
	if got := fair(asked); asked != nil && rank(got) <= rank(most) {
		return got
	}
	return most
}

func schedulingHolds(c *Case, r *Request) error {
	p := valueOf(r.Spec.Process)
	if mayHave(c, niceness) {
		return nil
	}
	allow := "security.exceptions.capabilities: [" + niceness + "]"
	switch s := p.Scheduler; {
	case schedulerRank(s) > 0:
		return &Denial{"scheduling", "process.scheduler", string(s.Policy) + " before others", "SCHED_OTHER, SCHED_BATCH or SCHED_IDLE, nice at least 0", allow}
	case ioRank(p.IOPriority) > 0:
		return &Denial{"scheduling", "process.ioPriority", string(p.IOPriority.Class), "IOPRIO_CLASS_BE or IOPRIO_CLASS_IDLE", allow}
	}
	return nil
}

// schedulerRank orders schedulers by what they take from others; 0 is what a
// process has that was given none.
func schedulerRank(s *specs.Scheduler) int {
	const realtime = 100 // above all nice values
	if s == nil {
		return 0
	}
	switch s.Policy {
	case specs.SchedIdle:
		return -20 // below nice 19
	case specs.SchedOther, specs.SchedBatch:
		return -int(s.Nice)
	case specs.SchedFIFO, specs.SchedRR:
		return max(realtime, realtime+int(s.Priority))
	}
	return 1 << 33 // SCHED_DEADLINE is before all; what others do is not known
}

// ioRank orders priorities of I/O; 0 is what needs no right.
func ioRank(p *specs.LinuxIOPriority) int {
	switch {
	case p == nil || p.Class == specs.IOPRIO_CLASS_BE || p.Class == specs.IOPRIO_CLASS_IDLE:
		return 0
	case p.Class == specs.IOPRIO_CLASS_RT:
		return 8 - min(max(p.Priority, 0), 7)
	}
	return 9
}
