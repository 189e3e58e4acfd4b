// Package seccomp computes the meet of two seccomp filters: a filter that
// allows a call only if both do.
//
// It works on what a filter says, not on what a name promises, and drops what
// one filter cannot express: the result may deny more than it must, never
// less. A nil filter is the top: it allows everything.
package seccomp

import (
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Meet returns the filter that allows what both allow. It has no listener, no
// flag that weakens the kernel's mitigations, and the architectures that both
// have. The same filters give the same bytes, and Meet(Meet(a, b), b) is
// Meet(a, b).
func Meet(a, b *specs.LinuxSeccomp) *specs.LinuxSeccomp {
	p, q := read(a), read(b)
	if p.top() && q.top() {
		return nil
	}
	p.settle()
	q.settle()
	w, out := newWork(), newWriter(&p, &q)
	for _, e := range p.entries {
		out.add(w.meetEntries(e, q.of(e.name), out))
	}
	for _, e := range q.entries {
		if _, done := p.index[e.name]; !done {
			out.add(w.meetEntries(p.of(e.name), e, out))
		}
	}
	s := out.filter()
	s.Architectures = commonArchitectures(&p, &q)
	s.Flags = harmless(slices.Concat(p.flags, q.flags))
	return s
}

// meetEntries meets two entries of one call. Where a whole call is denied, the
// stricter denial counts.
func (w *work) meetEntries(x, y entry, out *writer) entry {
	switch {
	case x.deniesAll() && y.deniesAll():
		x.denial = stricter(x.denial, y.denial)
		return x
	case x.deniesAll():
		return x
	case y.deniesAll():
		return y
	}
	e := entry{name: x.name, allow: w.meet(x.allow, y.allow), deny: slices.Concat(x.deny, y.deny), denial: out.denial}
	for _, z := range []entry{x, y} {
		if len(z.deny) > 0 {
			e.denial = stricter(e.denial, z.denial)
		}
	}
	w.settle(&e, out.open)
	return e
}

// commonArchitectures is the intersection. An empty list is the native one alone.
func commonArchitectures(p, q *profile) []specs.Arch {
	var both []specs.Arch
	for _, a := range slices.Concat(p.architectures, q.architectures) {
		if p.has(a) && q.has(a) {
			both = append(both, a)
		}
	}
	slices.Sort(both)
	return slices.Compact(both)
}
