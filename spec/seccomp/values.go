package seccomp

import (
	"math"
	"math/bits"
)

// The algebra of conditions as sets of values.

func (c condition) has(v uint64) bool {
	switch c.kind {
	case span:
		return c.a <= v && v <= c.b
	case except:
		return v != c.a
	default:
		return v&c.a == c.b
	}
}

// bounds returns the lowest and the highest value.
func (c condition) bounds() (lo, hi uint64) {
	switch c.kind {
	case span:
		return c.a, c.b
	case except:
		return 0, math.MaxUint64
	default:
		return c.b, c.b | ^c.a
	}
}

// fixed returns the bits that are equal in all values, and those bits.
func (c condition) fixed() (mask, pattern uint64) {
	switch c.kind {
	case span: // below the highest bit in which the bounds differ, every bit takes both values
		mask = ^(uint64(1)<<bits.Len64(c.a^c.b) - 1)
		return mask, c.a & mask
	case except:
		return 0, 0
	default:
		return c.a, c.b
	}
}

func (c condition) single() bool { return c.kind == span && c.a == c.b }

// within reports whether every value of c is one of d. It is exact.
func (c condition) within(d condition) bool {
	switch d.kind {
	case span:
		lo, hi := c.bounds()
		return d.a <= lo && hi <= d.b
	case except:
		return !c.has(d.a)
	default:
		mask, pattern := c.fixed()
		return d.a&^mask == 0 && pattern&d.a == d.b
	}
}

// apart reports that c and d share no value. It sees all cases but a span that
// lies between two values of a mask.
func (c condition) apart(d condition) bool {
	clo, chi := c.bounds()
	dlo, dhi := d.bounds()
	cm, cp := c.fixed()
	dm, dp := d.fixed()
	return chi < dlo || dhi < clo || (cp^dp)&cm&dm != 0 ||
		c.single() && !d.has(c.a) || d.single() && !c.has(d.a)
}

// both returns the values that c and d share, false when there are none or one
// operator cannot say it.
func (c condition) both(d condition) (condition, bool) {
	switch {
	case c.within(d) && d.within(c):
		if c.compare(d) <= 0 {
			return c, true
		}
		return d, true
	case c.within(d):
		return c, true
	case d.within(c):
		return d, true
	case c.apart(d):
		return condition{}, false
	case c.kind == masked && d.kind == masked:
		m, r := newMasked(c.arg, c.a|d.a, c.b|d.b)
		return m, r == usable
	case c.kind == span && d.kind == span: // [0,v] and [v,max]
		v := max(c.a, d.a)
		return condition{c.arg, span, v, v}, v == min(c.b, d.b)
	case c.kind == span && d.kind == except:
		return c.without(d.a)
	case c.kind == except && d.kind == span:
		return d.without(c.a)
	}
	return condition{}, false
}

// without takes one value off a span, which works at the span's open end only.
func (c condition) without(v uint64) (condition, bool) {
	switch {
	case v == c.a && c.b == math.MaxUint64:
		c.a++
	case v == c.b && c.a == 0:
		c.b--
	default:
		return condition{}, false
	}
	return c, true
}

// negate returns conditions that together have exactly the other values.
func (c condition) negate() []condition {
	var parts []condition
	add := func(d condition, r reading) {
		if r == usable {
			parts = append(parts, d)
		}
	}
	switch c.kind {
	case except:
		add(newSpan(c.arg, c.a, c.a))
	case masked: // some masked bit differs
		for rest := c.a; rest != 0; rest &= rest - 1 {
			bit := rest & -rest
			add(newMasked(c.arg, bit, ^c.b&bit))
		}
	case span:
		switch {
		case c.single():
			add(newExcept(c.arg, c.a))
		case c.a == 0:
			add(newSpan(c.arg, c.b+1, math.MaxUint64))
		default:
			add(newSpan(c.arg, 0, c.a-1))
		}
	}
	return parts
}
