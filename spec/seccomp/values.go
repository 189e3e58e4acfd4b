package seccomp

import (
	"math"
	"math/bits"
)

// The algebra of conditions as sets of values. It is exact.

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

// within reports whether every value of c is one of d.
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

// apart reports that c and d share no value.
func (c condition) apart(d condition) bool {
	switch {
	case c.kind == except:
		return d.single() && d.a == c.a
	case d.kind == except:
		return c.single() && c.a == d.a
	case c.kind == span && d.kind == span:
		return c.b < d.a || d.b < c.a
	case c.kind == span:
		v, ok := d.from(c.a)
		return !ok || v > c.b
	case d.kind == span:
		return d.apart(c)
	}
	return (c.b^d.b)&c.a&d.a != 0
}

// from returns the lowest value of a masked condition that is not below lo.
func (c condition) from(lo uint64) (uint64, bool) {
	at := lo&^c.a | c.b // the free bits as in lo
	switch differ := at ^ lo; {
	case differ == 0:
		return lo, true
	case at > lo: // free bits below the first difference are 0
		return at &^ (^c.a & (uint64(1)<<bits.Len64(differ) - 1)), true
	default: // a free 0 of lo above the first difference becomes 1, what follows 0
		raise := ^c.a & ^lo &^ (uint64(1)<<bits.Len64(differ) - 1)
		if raise == 0 {
			return 0, false
		}
		bit := raise & -raise
		return (at | bit) &^ (^c.a & (bit - 1)), true
	}
}

// both returns what c and d share, in parts that are apart from each other.
func (c condition) both(d condition) []condition {
	switch {
	case c.within(d) && (!d.within(c) || c.compare(d) <= 0):
		return []condition{c}
	case d.within(c):
		return []condition{d}
	case c.apart(d):
		return nil
	case c.equality() && d.equality():
		m, v := c.fixed()
		n, u := d.fixed()
		return usables(newMasked(c.arg, m|n, v|u))
	case c.kind == span && d.kind == span:
		return usables(newSpan(c.arg, max(c.a, d.a), min(c.b, d.b)))
	case c.kind == span && d.kind == masked:
		var parts []condition
		for _, block := range c.masks() {
			parts = append(parts, block.both(d)...)
		}
		return parts
	case c.kind == except && d.kind == masked: // some bit that is free in d differs
		single, _ := newSpan(c.arg, c.a, c.a)
		var parts []condition
		for _, part := range single.differs(^d.a) {
			parts = append(parts, part.both(d)...)
		}
		return parts
	case c.kind == except && d.kind == except:
		below, above := min(c.a, d.a), max(c.a, d.a)
		parts := usables(newSpan(c.arg, 0, below-1))
		if above-below > 1 {
			parts = append(parts, usables(newSpan(c.arg, below+1, above-1))...)
		}
		return append(parts, usables(newSpan(c.arg, above+1, math.MaxUint64))...)
	case c.kind == span: // without one value
		var parts []condition
		if c.a < d.a {
			parts = append(parts, usables(newSpan(c.arg, c.a, d.a-1))...)
		}
		if d.a < c.b {
			parts = append(parts, usables(newSpan(c.arg, d.a+1, c.b))...)
		}
		return parts
	}
	return d.both(c)
}

// negate returns the other values, in parts that are apart from each other.
func (c condition) negate() []condition {
	switch c.kind {
	case except:
		return usables(newSpan(c.arg, c.a, c.a))
	case masked:
		return c.differs(c.a)
	}
	if c.single() {
		return usables(newExcept(c.arg, c.a))
	}
	var parts []condition
	if c.a > 0 {
		parts = usables(newSpan(c.arg, 0, c.a-1))
	}
	if c.b < math.MaxUint64 {
		parts = append(parts, usables(newSpan(c.arg, c.b+1, math.MaxUint64))...)
	}
	return parts
}

// differs returns the values that differ from the condition's in one of some
// bits, by the highest such bit.
func (c condition) differs(among uint64) (parts []condition) {
	_, pattern := c.fixed()
	for rest, above := among, uint64(0); rest != 0; {
		bit := uint64(1) << (bits.Len64(rest) - 1)
		parts = append(parts, usables(newMasked(c.arg, above|bit, pattern&above|^pattern&bit))...)
		rest, above = rest&^bit, above|bit
	}
	return parts
}

// masks returns the condition as equalities, plain and masked, that are apart
// from each other.
func (c condition) masks() (parts []condition) {
	switch {
	case c.equality():
		return []condition{c}
	case c.kind == except:
		single, _ := newSpan(c.arg, c.a, c.a)
		return single.differs(math.MaxUint64)
	}
	for at := c.a; ; { // the largest aligned block at a time
		size := bits.TrailingZeros64(at)
		for size == 64 || size > 0 && at+(uint64(1)<<size-1) > c.b {
			size--
		}
		last := at + (uint64(1)<<size - 1)
		parts = append(parts, usables(newMasked(c.arg, ^(uint64(1)<<size-1), at))...)
		if last >= c.b {
			return parts
		}
		at = last + 1
	}
}

func usables(c condition, r reading) []condition {
	if r != usable {
		return nil
	}
	return []condition{c}
}
