package seccomp

import (
	"slices"
	"sort"
)

const (
	maxRules = 512     // alternatives of one system call; a call with more is denied
	maxWork  = 1 << 20 // comparisons of rules in reading one filter, or in comparing two
)

// work bounds the comparisons of rules, so that a hostile filter costs
// milliseconds. What cannot be afforded is denied.
type work struct{ left int }

func newWork() *work { return &work{maxWork} }

func (w *work) spend(n int) bool {
	w.left -= n
	return w.left >= 0
}

// meet returns what both lists match. It drops what one rule cannot say.
//
// A rule that lies within a rule of the other list is its own meet with that
// list: meeting a list with itself, or with one it was met with before, gives
// it back and costs no product.
func (w *work) meet(xs, ys []rule) []rule {
	switch {
	case isAlways(ys):
		return w.reduce(xs)
	case isAlways(xs):
		return w.reduce(ys)
	case !w.spend(2 * len(xs) * len(ys)):
		return nil
	}
	var out []rule
	for _, x := range xs {
		if slices.ContainsFunc(ys, x.within) {
			out = append(out, x)
			continue
		}
		for _, y := range ys {
			if joint, ok := x.both(y); ok {
				out = append(out, joint)
			}
		}
	}
	return w.reduce(out)
}

// minus returns what the first list matches and the second does not.
func (w *work) minus(rules, taken []rule) []rule {
	for _, t := range taken {
		var left []rule
		for _, r := range rules {
			if !w.spend(1) {
				return nil
			}
			if r.apart(t) {
				left = append(left, r)
				continue
			}
			for _, c := range t {
				for _, n := range c.negate() {
					if part, ok := r.and(n); ok && w.spend(1) {
						left = append(left, part)
					}
				}
			}
		}
		if len(left) > 2*maxRules {
			return nil // leaves the work to other calls
		}
		if rules = w.reduce(left); len(rules) == 0 {
			return nil
		}
	}
	return rules
}

// reduce sorts the list and removes every rule that lies within another. It
// denies what is more than a filter should hold.
func (w *work) reduce(rules []rule) []rule {
	if len(rules) < 2 {
		return rules
	}
	if !w.spend(len(rules) * len(rules)) {
		return nil
	}
	rules = slices.Clone(rules) // the caller's list may be shared
	sort.Slice(rules, func(i, j int) bool { return rules[i].compare(rules[j]) < 0 })
	var out []rule
	for i, r := range rules {
		redundant := false
		for j, s := range rules {
			// Of two that match the same, the first stays.
			if i != j && r.within(s) && (j < i || !s.within(r)) {
				redundant = true
				break
			}
		}
		if !redundant {
			out = append(out, r)
		}
	}
	if len(out) > maxRules {
		return nil
	}
	return out
}
