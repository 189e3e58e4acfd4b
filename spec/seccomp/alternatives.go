package seccomp

import (
	"slices"
	"sort"
)

const (
	maxRead  = 1 << 14      // rules with conditions of one filter; calls with more are denied
	maxRules = 512          // of one system call; a call with more is denied
	maxParts = 2 * maxRules // while working on one
	maxShare = 1 << 20      // steps for one call, of which each compares two rules
	maxWork  = 3 << 19      // and in one meet, or in comparing two filters
	perRule  = 16           // steps that making a rule takes
	maxSize  = 3000         // instructions for rules with conditions; the kernel takes 4096 in all
)

// work bounds the steps, so that a hostile filter costs
// milliseconds. What cannot be afforded is denied.
type work struct {
	left  int
	share int  // what is left for one call
	over  bool // a list is not what it should be, since it would cost too much
	room  int  // instructions for the calls that are left
}

func newWork() *work { return &work{left: maxWork, share: maxShare, room: maxSize} }

// next begins with another call.
func (w *work) next() { w.share, w.over = maxShare, false }

func (w *work) spend(n int) bool {
	w.left, w.share = w.left-n, w.share-n
	w.over = w.over || w.left < 0 || w.share < 0
	return !w.over
}

// meet returns what both lists match.
//
// A rule that lies within a rule of the other list is its own meet with that
// list: meeting a list with itself, or with one it was met with before, gives
// it back and costs no product.
func (w *work) meet(xs, ys []rule) []rule {
	switch {
	case isAlways(ys):
		return xs
	case isAlways(xs):
		return ys
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
			if !x.apart(y) {
				out = append(out, w.both(x, y)...)
			}
		}
		if !w.bounded(out) {
			return nil
		}
	}
	return w.reduce(out)
}

// minus returns what the first list matches and the second does not.
func (w *work) minus(rules, taken []rule) []rule {
	for _, t := range taken {
		if len(rules) == 0 || !w.spend(len(rules)) {
			return nil
		}
		if !slices.ContainsFunc(rules, func(r rule) bool { return !r.apart(t) }) {
			continue
		}
		var left []rule
		for _, r := range rules {
			if r.apart(t) {
				left = append(left, r)
				continue
			}
			left = append(left, w.without(r, t)...)
		}
		if !w.bounded(left) {
			return nil
		}
		rules = left
	}
	return rules
}

// both returns what r and s both match, in parts that are apart from each other.
func (w *work) both(r, s rule) []rule {
	parts := []rule{r}
	for _, c := range s {
		parts = w.each(parts, func(p rule) []rule { return p.and(c) })
	}
	return parts
}

// without returns what r matches and t does not, in parts that are apart from
// each other: where the first condition fails, where the first holds and the
// second fails, and so on.
func (w *work) without(r, t rule) (parts []rule) {
	within := []rule{r}
	for _, c := range t {
		for _, n := range c.negate() {
			parts = append(parts, w.each(within, func(p rule) []rule { return p.and(n) })...)
		}
		within = w.each(within, func(p rule) []rule { return p.and(c) })
	}
	return parts
}

// masks returns the rule as ones of equalities only, apart from each other.
func (w *work) masks(r rule) []rule {
	parts := []rule{nil}
	for _, c := range r {
		masks := c.masks()
		parts = w.each(parts, func(p rule) (all []rule) {
			for _, m := range masks {
				all = append(all, append(slices.Clip(p), m))
			}
			return all
		})
	}
	return parts
}

// each puts together what becomes of each rule.
func (w *work) each(rules []rule, become func(rule) []rule) (all []rule) {
	for _, r := range rules {
		before := len(all)
		if all = append(all, become(r)...); !w.spend(1+perRule*(len(all)-before)) || !w.bounded(all) {
			return nil
		}
	}
	return all
}

func (w *work) bounded(rules []rule) bool {
	w.over = w.over || len(rules) > maxParts
	return !w.over
}

// reduce sorts the list and removes every rule that lies within another.
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
	return out
}

// disjoint returns the same calls in rules that are apart from each other. Those
// with few conditions, which match most, come first and leave little of others.
func (w *work) disjoint(rules []rule) []rule {
	rules = slices.Clone(w.reduce(rules))
	sort.SliceStable(rules, func(i, j int) bool { return len(rules[i]) < len(rules[j]) })
	var out []rule
	for _, r := range rules {
		out = append(out, w.minus([]rule{r}, out)...)
		if !w.bounded(out) {
			return nil
		}
	}
	return out
}
