// Package seccomp computes the meet of two seccomp filters: a filter that
// answers every call as the stricter of the two does.
//
// Actions are ordered KILL_PROCESS < KILL_THREAD < TRAP < ERRNO < ALLOW; those
// that leave the decision to somebody else (NOTIFY, TRACE, LOG) are errors. The
// result names what it allows and denies the rest. Its rules for one call are
// apart from each other and have at most one condition on an argument, and
// where there are several, only comparisons for equality: the rest is what a
// delegate and its libseccomp make something else of. What would take too many
// rules is denied.
//
// What filters mean was found with runc and libseccomp, which
// integration/seccomp compares with this package. A nil filter allows everything.
package seccomp

import (
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Meet returns the filter that is the stricter of both for every call; of two
// errors it is the second filter's, unless the first's is ENOSYS. It has no
// listener, no flag that weakens the kernel's mitigations, and the
// architectures that both have. The same filters give the same bytes, and
// Meet(Meet(a, b), b) is Meet(a, b).
func Meet(a, b *specs.LinuxSeccomp) *specs.LinuxSeccomp {
	p, q := read(a), read(b)
	if p.top() && q.top() {
		return nil
	}
	if p.open() && q.open() {
		named := everything()
		q = read(meet(&named, &q))
	}
	return meet(&p, &q)
}

func meet(p, q *profile) *specs.LinuxSeccomp {
	w, out := newWork(), newWriter(p, q)
	w.room /= max(1, len(p.common(q.architectures))) // each architecture has a program of its own
	for i := range p.entries {
		e := &p.entries[i]
		out.add(e.name, w.meetEntries(side{e, p.rest}, q.side(e.name), out.rest))
	}
	for i := range q.entries {
		if e := &q.entries[i]; !p.names(e.name) {
			out.add(e.name, w.meetEntries(p.side(e.name), side{e, q.rest}, out.rest))
		}
	}
	if p.kills() || q.kills() {
		out.killAll()
	}
	s := out.filter()
	s.Architectures = p.common(q.architectures)
	if slices.ContainsFunc(s.Architectures, is32) && !(p.certain32() && q.certain32() && out.narrow()) {
		s.Architectures = slices.DeleteFunc(s.Architectures, is32)
	}
	s.Flags = harmless(slices.Concat(p.flags, q.flags))
	return s
}
