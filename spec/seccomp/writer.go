package seccomp

import (
	"slices"
	"sort"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A writer makes a filter out of lines: names that have the same rule share
// one entry of the filter, all in a fixed order.
type writer struct {
	rest      denial          // of what is not written
	allowed   []string        // whatever their arguments
	lines     []named         // everything else
	mentioned map[string]bool // even if there is nothing to say
}

// named is a line with its call, and whether it stands beside others.
type named struct {
	line
	name   string
	beside bool
}

// newWriter returns a writer for the meet of two profiles, of which at most one
// is open.
func newWriter(p, q *profile) *writer {
	out := &writer{rest: order{side{rest: q.rest}}.stricter(p.rest, q.rest), allowed: make([]string, 0, 512)}
	for _, side := range []*profile{p, q} {
		out.mention(side)
	}
	return out
}

// mention has the filter name every call that a profile denies more strictly
// than with an error, also where the default does: runc answers calls above the
// highest one that is named with ENOSYS (1.5.2, patchbpf), which is less. It
// does not if none is named that libseccomp knows by a number above 0; of
// filters that kill like that, only the one that names none is met exactly.
func (out *writer) mention(p *profile) {
	if out.rest.class() >= failure {
		return
	}
	if out.mentioned == nil {
		out.mentioned = map[string]bool{}
	}
	for i := range p.entries {
		e := &p.entries[i]
		if p.rest.class() < failure || slices.ContainsFunc(e.deny, func(r ruling) bool { return r.how.class() < failure }) {
			out.mentioned[e.name] = true
		}
	}
}

func (out *writer) add(name string, lines []line) {
	switch {
	case len(lines) == 1 && lines[0].how == (denial{}) && len(lines[0].rule) == 0:
		out.allowed = append(out.allowed, name)
		return
	case len(lines) == 0 && out.mentioned[name]:
		out.lines = append(out.lines, named{line{how: out.rest}, name, false})
	}
	for _, l := range lines {
		out.lines = append(out.lines, named{l, name, len(lines) > 1})
	}
}

// compare compares what is written.
func (l named) compare(m named) int {
	if c := l.line.compare(m.line); c != 0 || l.beside == m.beside || !l.rule.either() {
		return c
	}
	if l.beside {
		return 1
	}
	return -1
}

// killAll makes of the filter one that names no call either, as strict as any
// of its lines.
func (out *writer) killAll() {
	for _, l := range out.lines {
		out.rest = order{}.stricter(out.rest, l.how)
	}
	out.lines = nil
}

// narrow reports that no condition looks at the upper half of a value.
func (out *writer) narrow() bool {
	return !slices.ContainsFunc(out.lines, func(l named) bool {
		return slices.ContainsFunc(l.rule, func(c condition) bool { return !certain32([]tree{{args: []specs.LinuxSeccompArg{c.write(l.beside)}}}) })
	})
}

func (out *writer) filter() *specs.LinuxSeccomp {
	s := &specs.LinuxSeccomp{DefaultAction: out.rest.action, DefaultErrnoRet: out.rest.write()}
	if len(out.allowed) > 0 {
		slices.Sort(out.allowed)
		s.Syscalls = append(s.Syscalls, specs.LinuxSyscall{Names: out.allowed, Action: specs.ActAllow})
	}
	sort.Slice(out.lines, func(i, j int) bool {
		a, b := out.lines[i], out.lines[j]
		return a.compare(b) < 0 || a.compare(b) == 0 && a.name < b.name
	})
	for i, l := range out.lines {
		if i > 0 && l.compare(out.lines[i-1]) == 0 {
			last := &s.Syscalls[len(s.Syscalls)-1]
			last.Names = append(last.Names, l.name)
			continue
		}
		action := l.how.action
		if l.how == (denial{}) {
			action = specs.ActAllow
		}
		s.Syscalls = append(s.Syscalls, specs.LinuxSyscall{
			Names: []string{l.name}, Action: action, ErrnoRet: l.how.write(), Args: l.rule.write(l.beside),
		})
	}
	return s
}
