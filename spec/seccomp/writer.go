package seccomp

import (
	"cmp"
	"slices"
	"sort"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A writer makes a filter out of entries: names that have the same rule share
// one entry of the filter, all in a fixed order.
type writer struct {
	open    bool
	denial  denial   // of what is not written; none in an open profile
	allowed []string // whatever their arguments
	lines   []line   // everything else
}

// A line is one rule for one name.
type line struct {
	action specs.LinuxSeccompAction
	errno  uint
	rule   rule
	name   string
}

// newWriter returns a writer for the meet of two profiles.
func newWriter(p, q *profile) *writer {
	return &writer{open: p.open && q.open, denial: stricter(p.denial, q.denial), allowed: make([]string, 0, 512)}
}

// add writes an entry of a call; what equals the default is left out.
func (out *writer) add(e entry) {
	deny := func(r rule) { out.lines = append(out.lines, line{e.denial.action, e.denial.errno, r, e.name}) }
	switch {
	case e.deniesAll():
		if e.denial != out.denial {
			deny(nil)
		}
	case out.open:
		for _, r := range e.deny {
			deny(r)
		}
	case isAlways(e.allow):
		out.allowed = append(out.allowed, e.name)
	default:
		for _, r := range e.allow {
			out.lines = append(out.lines, line{specs.ActAllow, 0, r, e.name})
		}
	}
}

func (out *writer) filter() *specs.LinuxSeccomp {
	s := &specs.LinuxSeccomp{DefaultAction: specs.ActAllow}
	if !out.open {
		s.DefaultAction, s.DefaultErrnoRet = out.denial.action, out.denial.write()
	}
	if len(out.allowed) > 0 {
		slices.Sort(out.allowed)
		s.Syscalls = append(s.Syscalls, specs.LinuxSyscall{Names: out.allowed, Action: specs.ActAllow})
	}
	sort.Slice(out.lines, func(i, j int) bool {
		a, b := out.lines[i], out.lines[j]
		return cmp.Or(a.compareRule(b), cmp.Compare(a.name, b.name)) < 0
	})
	for i, l := range out.lines {
		if i > 0 && l.compareRule(out.lines[i-1]) == 0 {
			last := &s.Syscalls[len(s.Syscalls)-1]
			last.Names = append(last.Names, l.name)
			continue
		}
		s.Syscalls = append(s.Syscalls, specs.LinuxSyscall{
			Names: []string{l.name}, Action: l.action, ErrnoRet: denial{l.action, l.errno}.write(), Args: l.rule.write(),
		})
	}
	return s
}

func (l line) compareRule(m line) int {
	return cmp.Or(cmp.Compare(l.action, m.action), cmp.Compare(l.errno, m.errno), l.rule.compare(m.rule))
}
