package seccomp

import (
	"slices"
	"sort"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A rule matches a call when all its conditions do. It has at most one for
// each argument, in their order; without conditions it matches every call.
type rule []condition

// always is the one alternative that matches every call.
var always = []rule{{}}

func isAlways(alternatives []rule) bool { return len(alternatives) == 1 && len(alternatives[0]) == 0 }

// readRules returns the alternatives that the arguments of one entry are, and
// whether a part of them was unreadable. A delegate makes alternatives of
// conditions as soon as two are on one argument (runc 1.5.2, matchCall).
func readRules(args []specs.LinuxSeccompArg) (alternatives []rule, unclear bool) {
	var seen [argsMax]bool
	var whole rule
	split, never := false, false
	for _, a := range args {
		c, r := readCondition(a)
		switch r {
		case unreadable:
			return nil, true
		case usable:
			whole = append(whole, c)
			alternatives = append(alternatives, rule{c})
		case vacuous:
			alternatives = append(alternatives, rule{})
		case impossible:
			never = true
		}
		split = split || seen[a.Index]
		seen[a.Index] = true
	}
	switch {
	case split:
		return alternatives, false
	case never:
		return nil, false
	case len(whole) == 0:
		return always, false
	}
	sort.Slice(whole, func(i, j int) bool { return whole[i].compare(whole[j]) < 0 })
	return []rule{whole}, false
}

// within reports that every call that r matches is matched by s.
func (r rule) within(s rule) bool {
	for _, d := range s {
		if c := r.on(d.arg); c == nil || !c.within(d) {
			return false
		}
	}
	return true
}

// apart reports that no call is matched by both.
func (r rule) apart(s rule) bool {
	for _, d := range s {
		if c := r.on(d.arg); c != nil && c.apart(d) {
			return true
		}
	}
	return false
}

// and returns r with one more condition, false when that matches nothing or
// cannot be said.
func (r rule) and(c condition) (rule, bool) {
	i, found := slices.BinarySearchFunc(r, c.arg, func(c condition, arg uint) int { return int(c.arg) - int(arg) })
	if !found {
		return slices.Insert(slices.Clone(r), i, c), true
	}
	joint, ok := r[i].both(c)
	if !ok {
		return nil, false
	}
	r = slices.Clone(r)
	r[i] = joint
	return r, true
}

// both returns the rule that matches what r and s both match.
func (r rule) both(s rule) (rule, bool) {
	ok := true
	for _, c := range s {
		if r, ok = r.and(c); !ok {
			return nil, false
		}
	}
	return r, true
}

func (r rule) on(arg uint) *condition {
	for i := range r {
		if r[i].arg == arg {
			return &r[i]
		}
	}
	return nil
}

func (r rule) compare(s rule) int { return slices.CompareFunc(r, s, condition.compare) }

func (r rule) write() []specs.LinuxSeccompArg {
	var args []specs.LinuxSeccompArg
	for _, c := range r {
		args = append(args, c.write())
	}
	return args
}
