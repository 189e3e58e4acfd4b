package seccomp

import (
	"cmp"
	"slices"
)

// A line is one rule for a call. Calls without any are left to the default.
type line struct {
	how  denial
	rule rule
}

// compare orders lines by their rules: libseccomp takes time without end to add
// a rule for the first arguments to many for a later one (2.5.4, _db_tree_prune).
func (l line) compare(m line) int {
	return cmp.Or(l.rule.compare(m.rule), cmp.Compare(l.how.action, m.how.action), cmp.Compare(l.how.errno, m.how.errno))
}

// size estimates the instructions that a delegate makes of the line.
func (l line) size() (n int) {
	for _, c := range l.rule {
		if n += 6; c.single() && c.a <= narrow {
			n -= 4 // beside others of its kind
		}
	}
	return n
}

// meetEntries returns the lines for one call. Where they would be too many, the
// call is denied as strictly as either entry denies any.
func (w *work) meetEntries(x, y side, rest denial) []line {
	x, y = x.sure(), y.sure()
	o := order{y}
	if how, ok := x.simple(); ok {
		if other, ok := y.simple(); ok {
			return whole(o.stricter(how, other), rest)
		}
	}
	w.next()
	if lines := w.lines(x, y, o, rest); !w.over && len(lines) <= maxRules && w.fit(lines) {
		return lines
	}
	strictest := rest
	for _, how := range append(x.denials(), y.denials()...) {
		strictest = o.stricter(strictest, how)
	}
	return whole(strictest, rest)
}

// fit takes the room for the lines, if there is any left.
func (w *work) fit(lines []line) bool {
	n := 0
	for _, l := range lines {
		n += l.size()
	}
	if n > w.room {
		return false
	}
	w.room -= n
	return true
}

// whole returns the line that answers all calls alike.
func whole(how, rest denial) []line {
	switch how {
	case rest:
		return nil
	case denial{}:
		return unconditional
	}
	return []line{{how: how}}
}

// unconditional are the lines of most calls.
var unconditional = []line{{}}

func (w *work) lines(x, y side, o order, rest denial) (lines []line) {
	add := func(how denial, rules []rule) {
		for _, r := range rules {
			lines = append(lines, line{how, r})
		}
	}
	ways := append(x.denials(), y.denials()...)
	slices.SortFunc(ways, func(a, b denial) int { return cmp.Compare(o.of(a), o.of(b)) })
	for _, how := range slices.Compact(ways) {
		if how == rest {
			continue
		}
		first := w.disjoint(w.meet(w.just(x, o, how, rest), w.atMost(y, o, how)))
		second := w.meet(w.just(y, o, how, rest), w.atMost(x, o, how))
		add(how, first)
		add(how, w.disjoint(w.minus(second, first)))
	}
	add(denial{}, w.disjoint(w.meet(w.allowed(x), w.allowed(y))))
	if len(lines) > 1 || len(lines) == 1 && !lines[0].rule.sayable() {
		lines = w.equalities(lines)
	}
	return lines
}

// equalities returns the lines with comparisons for equality only, in their
// order. libseccomp gets others wrong beside a further rule of the call.
func (w *work) equalities(lines []line) (all []line) {
	for _, l := range lines {
		for _, r := range w.masks(l.rule) {
			all = append(all, line{l.how, r})
		}
	}
	return all
}
