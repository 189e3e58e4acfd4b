package seccomp

import (
	"math"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// small holds conditions of every kind whose edges lie in points.
func small() (all []condition, points []uint64) {
	for v := range uint64(32) {
		for _, high := range []uint64{0, 1 << 31, 1 << 32, 1<<31 | 1<<32, 1 << 63, 1<<63 | 1<<31, 1<<63 | 1<<32, 1<<63 | 1<<32 | 1<<31} {
			points = append(points, high|v, ^(high | v))
		}
	}
	add := func(c condition, r reading) {
		if r == usable {
			all = append(all, c)
		}
	}
	for _, v := range []uint64{0, 1, 2, 3, 7, 8, 14, math.MaxUint64 - 8, math.MaxUint64 - 7, math.MaxUint64 - 1, math.MaxUint64} {
		for _, op := range []specs.LinuxSeccompOperator{specs.OpEqualTo, specs.OpNotEqual, specs.OpLessThan, specs.OpLessEqual, specs.OpGreaterThan, specs.OpGreaterEqual} {
			add(readCondition(specs.LinuxSeccompArg{Value: v, Op: op}))
		}
	}
	for _, mask := range []uint64{0, 1, 3, 4, 12, 15, math.MaxUint64, ^uint64(7), ^uint64(6), 1 << 63, 0xffffffff} {
		for _, pattern := range []uint64{0, 1, 2, 3, 4, 7, 8, 12, 15, 16, 1 << 31, 1 << 32, 1 << 63, 1<<63 + 1, math.MaxUint64 - 7} {
			if pattern&^mask == 0 {
				add(readCondition(specs.LinuxSeccompArg{Value: mask, ValueTwo: pattern, Op: specs.OpMaskedEqual}))
			}
		}
	}
	for _, bounds := range [][2]uint64{{1, 2}, {3, 14}, {4, 7}, {1, math.MaxUint64 - 1}, {7, 1 << 32}, {1 << 63, 1<<63 + 8}} {
		add(newSpan(0, bounds[0], bounds[1]))
	}
	return all, points
}

func TestConditionsAreTheSetsTheyStandFor(t *testing.T) {
	all, points := small()
	count := 0
	for _, c := range all {
		for _, d := range all {
			count++
			subset, disjoint := true, true
			for _, v := range points {
				subset = subset && (!c.has(v) || d.has(v))
				disjoint = disjoint && !(c.has(v) && d.has(v))
			}
			if c.within(d) != subset {
				t.Fatalf("%+v within %+v: got %v, want %v", c, d, c.within(d), subset)
			}
			if c.apart(d) != disjoint {
				t.Fatalf("%+v apart from %+v: got %v, want %v", c, d, c.apart(d), disjoint)
			}
			joint := c.both(d)
			for _, v := range points {
				if got, want := having(joint, v), c.has(v) && d.has(v); got > 1 || got == 1 != want {
					t.Fatalf("%+v and %+v: %d is in %d of %+v", c, d, v, got, joint)
				}
			}
		}
	}
	if count < 10000 {
		t.Errorf("only %d pairs", count)
	}
}

// having counts the conditions that have a value.
func having(conditions []condition, v uint64) (n int) {
	for _, c := range conditions {
		if c.has(v) {
			n++
		}
	}
	return n
}

func TestNegationHasExactlyTheOtherValues(t *testing.T) {
	all, points := small()
	for _, c := range all {
		parts := c.negate()
		for _, v := range points {
			if n := having(parts, v); n > 1 || n == 1 == c.has(v) {
				t.Fatalf("%d is in %d of the negation %+v of %+v", v, n, parts, c)
			}
		}
	}
}

func TestMasksHaveExactlyTheSameValues(t *testing.T) {
	all, points := small()
	for _, c := range all {
		parts := c.masks()
		if len(parts) > 126 {
			t.Errorf("%+v became %d masks", c, len(parts))
		}
		for _, v := range points {
			if n := having(parts, v); n > 1 || n == 1 != c.has(v) {
				t.Fatalf("%d is in %d of the masks %+v of %+v", v, n, parts, c)
			}
		}
		for _, p := range parts {
			if !p.equality() {
				t.Errorf("%+v became %+v", c, p)
			}
		}
	}
}

func TestConditionsSurviveWriting(t *testing.T) {
	all, _ := small()
	for _, c := range all {
		if !c.sayable() {
			continue
		}
		for _, equality := range []bool{false, c.equality()} {
			if back, r := readCondition(c.write(equality)); r != usable || back != c {
				t.Errorf("%+v became %+v", c, back)
			}
		}
	}
}
