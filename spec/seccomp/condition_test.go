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
			if c.apart(d) && !disjoint {
				t.Fatalf("%+v apart from %+v, yet they share a value", c, d)
			}
			joint, ok := c.both(d)
			for _, v := range points {
				if ok && joint.has(v) != (c.has(v) && d.has(v)) {
					t.Fatalf("%+v and %+v: %d is in %+v: %v", c, d, v, joint, joint.has(v))
				}
			}
		}
	}
	if count < 10000 {
		t.Errorf("only %d pairs", count)
	}
}

func TestNegationHasExactlyTheOtherValues(t *testing.T) {
	all, points := small()
	for _, c := range all {
		parts := c.negate()
		for _, v := range points {
			in := false
			for _, p := range parts {
				in = in || p.has(v)
			}
			if in == c.has(v) {
				t.Fatalf("%+v and its negation %+v agree on %d", c, parts, v)
			}
		}
	}
}

func TestConditionsSurviveWriting(t *testing.T) {
	all, _ := small()
	for _, c := range all {
		if back, r := readCondition(c.write()); r != usable || back != c {
			t.Errorf("%+v became %+v", c, back)
		}
	}
}
