package seccomp

import (
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Leq reports that a allows no more than b. It is a preorder that sees
// everything that Meet does; two filters that it does not order may still be
// ordered by what they allow. How a call is denied is no right and does not count.
func Leq(a, b *specs.LinuxSeccomp) bool {
	p, q := read(a), read(b)
	if q.top() {
		return true
	}
	if p.open && !q.open || p.listener != "" && p.listener != q.listener || p.speculates() && !q.speculates() {
		return false
	}
	// An empty list of architectures is the native one alone.
	if p.anyArchitecture && !q.anyArchitecture || !p.anyArchitecture && slices.ContainsFunc(p.architectures, func(a specs.Arch) bool { return !q.has(a) }) {
		return false
	}
	w := newWork()
	for _, e := range p.entries {
		if !w.leq(e, q.of(e.name)) {
			return false
		}
	}
	for _, e := range q.entries {
		if !w.leq(p.of(e.name), e) {
			return false
		}
	}
	return true
}

// leq reports that x allows no more than y: what x allows lies within what y
// allows, and outside of what y denies unless x denies that too.
func (w *work) leq(x, y entry) bool {
	if !w.spend(len(x.allow) * (len(x.deny) + len(y.allow) + len(y.deny)*(1+len(x.deny)))) {
		return false
	}
	for _, r := range x.allow {
		if slices.ContainsFunc(x.deny, r.within) {
			continue
		}
		if !slices.ContainsFunc(y.allow, r.within) {
			return false
		}
		for _, d := range y.deny {
			if !r.apart(d) && !slices.ContainsFunc(x.deny, d.within) {
				return false
			}
		}
	}
	return true
}

func (p *profile) speculates() bool {
	return slices.Contains(p.flags, specs.LinuxSeccompFlagSpecAllow)
}
