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
// whether a part of them was unreadable.
func readRules(args []specs.LinuxSeccompArg) (alternatives []rule, unclear bool) {
	var whole rule
	never := false
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
	}
	switch {
	case repeats(args): // alternatives to a delegate
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

// and returns r with one more condition, in parts that are apart from each other.
func (r rule) and(c condition) []rule {
	i, found := slices.BinarySearchFunc(r, c.arg, func(c condition, arg uint) int { return int(c.arg) - int(arg) })
	if !found {
		return []rule{slices.Insert(slices.Clone(r), i, c)}
	}
	joint := r[i].both(c)
	parts := make([]rule, len(joint))
	for k, part := range joint {
		parts[k] = slices.Clone(r)
		parts[k][i] = part
	}
	return parts
}

// sayable reports that every condition is one operator.
func (r rule) sayable() bool {
	return !slices.ContainsFunc(r, func(c condition) bool { return !c.sayable() })
}

// either reports that a condition can be written as a comparison of order or
// for equality.
func (r rule) either() bool {
	return slices.ContainsFunc(r, func(c condition) bool { return c.write(true) != c.write(false) })
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

// write takes comparisons for equality where it is asked to.
func (r rule) write(equality bool) []specs.LinuxSeccompArg {
	var args []specs.LinuxSeccompArg
	for _, c := range r {
		args = append(args, c.write(equality))
	}
	return args
}
