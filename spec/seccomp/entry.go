package seccomp

import "slices"

// An entry is what a filter says of one call: the calls that allow matches are
// allowed unless a denial matches too; of several denials the strictest counts.
// What nothing matches is left to the filter's default.
type entry struct {
	name  string
	allow []rule
	deny  []ruling
	trees []tree // of rules with conditions, as libseccomp gets them

	unsure bool // libseccomp may deny more or less than the rules say
}

// A ruling is what is denied in one way.
type ruling struct {
	how   denial
	rules []rule
}

func (e *entry) add(how denial, alternatives []rule) {
	if how == (denial{}) {
		e.allow = join(e.allow, alternatives)
		return
	}
	for i := range e.deny {
		if e.deny[i].how == how {
			e.deny[i].rules = join(e.deny[i].rules, alternatives)
			return
		}
	}
	e.deny = append(e.deny, ruling{how, join(nil, alternatives)})
}

// join returns the alternatives of both, in a list of its own: one entry of a
// filter is shared by its names.
func join(a, b []rule) []rule {
	switch {
	case isAlways(a):
		return a
	case isAlways(b):
		return b
	}
	return append(a, b...)
}

// says reports that both have the same rules.
func (e *entry) says(f *entry) bool {
	same := func(a, b []rule) bool {
		return slices.EqualFunc(a, b, func(r, s rule) bool { return r.compare(s) == 0 })
	}
	return same(e.allow, f.allow) && slices.EqualFunc(e.deny, f.deny, func(a, b ruling) bool { return a.how == b.how && same(a.rules, b.rules) })
}

// A side is one of two entries that are put together, with the default of its
// filter.
type side struct {
	*entry
	rest denial
}

// nothing is an entry without rules.
var nothing entry

// sure returns the side, or one that denies every call as strictly as it denies
// any where libseccomp cannot be relied on.
func (s side) sure() side {
	if !s.unsure {
		return s
	}
	strictest := s.rest
	for _, r := range s.deny {
		strictest = order{}.stricter(strictest, r.how)
	}
	return side{&entry{deny: []ruling{{strictest, always}}}, s.rest}
}

// simple reports an entry that allows or denies every call alike, and how.
func (s side) simple() (denial, bool) {
	switch {
	case len(s.deny) == 0 && isAlways(s.allow):
		return denial{}, true
	case len(s.deny) == 0 && len(s.allow) == 0:
		return s.rest, true
	case len(s.deny) == 1 && len(s.allow) == 0 && isAlways(s.deny[0].rules):
		return s.deny[0].how, true
	}
	return denial{}, false
}

// denials returns how the entry denies, in all ways.
func (s side) denials() (ways []denial) {
	if s.rest != (denial{}) {
		ways = append(ways, s.rest)
	}
	for _, d := range s.deny {
		ways = append(ways, d.how)
	}
	return ways
}

// denies reports that the entry denies some call in this way.
func (s side) denies(how denial) bool {
	return s.rest == how || s.entry != nil && slices.ContainsFunc(s.deny, func(r ruling) bool { return r.how == how })
}

// allowed returns the calls that are allowed.
func (w *work) allowed(s side) []rule {
	rules := s.allow
	if s.rest == (denial{}) {
		rules = always
	}
	for _, d := range s.deny {
		rules = w.minus(rules, d.rules)
	}
	return w.reduce(rules)
}

// stricterThan returns the calls that a rule denies more strictly than how.
func (s side) stricterThan(o order, how denial) (rules []rule) {
	for _, d := range s.deny {
		if o.of(d.how) < o.of(how) {
			rules = append(rules, d.rules...)
		}
	}
	return rules
}

// atMost returns the calls that are not denied more strictly than how.
func (w *work) atMost(s side, o order, how denial) []rule {
	var rules []rule
	if o.of(s.rest) >= o.of(how) {
		rules = always
	} else {
		rules = append(rules, s.allow...)
		for _, d := range s.deny {
			if o.of(d.how) >= o.of(how) {
				rules = append(rules, d.rules...)
			}
		}
	}
	return w.minus(w.reduce(rules), s.stricterThan(o, how))
}

// just returns the calls that are denied in just this way. Those that no rule
// matches are left out where the meet's default answers with another error.
func (w *work) just(s side, o order, how, rest denial) []rule {
	var rules []rule
	for _, d := range s.deny {
		if d.how == how {
			rules = append(rules, d.rules...)
		}
	}
	rules = w.reduce(rules)
	if s.rest == how && (how.class() != rest.class() || len(s.allow)+len(s.deny) == 0) {
		named := append([]rule{}, s.allow...)
		for _, d := range s.deny {
			named = append(named, d.rules...)
		}
		rules = append(rules, w.minus(always, named)...)
	}
	return w.minus(rules, s.stricterThan(o, how))
}
