package seccomp

import (
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Leq reports that a allows no more than b. What leaves a decision to somebody
// else denies, as in Meet. How a call is denied is no right and does not count.
func Leq(a, b *specs.LinuxSeccomp) bool {
	p, q := read(a), read(b)
	if q.top() {
		return true
	}
	if p.open() && !q.open() || p.listener != "" && p.listener != q.listener || p.speculates() && !q.speculates() {
		return false
	}
	if !p.within(q.architectures) {
		return false
	}
	w := newWork()
	for i := range p.entries {
		e := &p.entries[i]
		if !w.leq(side{e, p.rest}, q.side(e.name)) {
			return false
		}
	}
	for i := range q.entries {
		if e := &q.entries[i]; !p.names(e.name) && !w.leq(p.side(e.name), side{e, q.rest}) {
			return false
		}
	}
	return true
}

// leq reports that x allows no more than y. What libseccomp makes of an unsure
// entry may be anything, but it makes the same of the same rules.
func (w *work) leq(x, y side) bool {
	if x.says(y.entry) && (x.rest != denial{} || y.rest == denial{}) {
		return true
	}
	if how, ok := x.simple(); ok && how != (denial{}) {
		return true
	}
	if how, ok := y.simple(); ok && how == (denial{}) {
		return true
	}
	if x.unsure {
		return false
	}
	y = y.sure()
	w.next()
	xs, ys := w.allowed(x), w.allowed(y)
	more := slices.ContainsFunc(xs, func(r rule) bool { return !slices.ContainsFunc(ys, r.within) })
	if w.spend(len(xs)*len(ys)) && more {
		more = len(w.minus(xs, ys)) > 0
	}
	return !more && !w.over
}

func (p *profile) speculates() bool {
	return slices.Contains(p.flags, specs.LinuxSeccompFlagSpecAllow)
}
