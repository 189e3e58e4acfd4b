package seccomp

import (
	"cmp"
	"math"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A condition is a set of values of one argument: a span, all but one value,
// or the values whose masked bits have one pattern, if they are no span. It is
// never empty and never the whole range.
type condition struct {
	arg  uint
	kind kind
	a, b uint64 // span: lowest and highest; except: the value; masked: mask and pattern
}

type kind uint8

const (
	span kind = iota
	except
	masked
)

// reading is what became of a condition of runtime-spec.
type reading uint8

const (
	usable     reading = iota
	vacuous            // every value matches
	impossible         // no value matches
	unreadable         // nobody knows what a delegate makes of it
)

const argsMax = 6 // arguments of a system call

// readCondition turns the seven operators into sets. The comparison is of all
// 64 bits, as libseccomp makes it.
func readCondition(a specs.LinuxSeccompArg) (condition, reading) {
	if a.Index >= argsMax {
		return condition{}, unreadable
	}
	v := a.Value
	switch a.Op {
	case specs.OpEqualTo:
		return newSpan(a.Index, v, v)
	case specs.OpNotEqual:
		return newExcept(a.Index, v)
	case specs.OpLessEqual:
		return newSpan(a.Index, 0, v)
	case specs.OpGreaterEqual:
		return newSpan(a.Index, v, math.MaxUint64)
	case specs.OpLessThan:
		if v == 0 {
			return condition{}, impossible
		}
		return newSpan(a.Index, 0, v-1)
	case specs.OpGreaterThan:
		if v == math.MaxUint64 {
			return condition{}, impossible
		}
		return newSpan(a.Index, v+1, math.MaxUint64)
	case specs.OpMaskedEqual:
		if a.ValueTwo&^v != 0 {
			return condition{}, unreadable
		}
		return newMasked(a.Index, v, a.ValueTwo)
	}
	return condition{}, unreadable
}

func newSpan(arg uint, lo, hi uint64) (condition, reading) {
	if lo == 0 && hi == math.MaxUint64 {
		return condition{}, vacuous
	}
	return condition{arg, span, lo, hi}, usable
}

func newExcept(arg uint, v uint64) (condition, reading) {
	switch v {
	case 0:
		return newSpan(arg, 1, math.MaxUint64)
	case math.MaxUint64:
		return newSpan(arg, 0, v-1)
	}
	return condition{arg: arg, kind: except, a: v}, usable
}

func newMasked(arg uint, mask, pattern uint64) (condition, reading) {
	switch free := ^mask; {
	case mask == 0:
		return condition{}, vacuous
	case free&(free+1) == 0: // the lowest bits
		return newSpan(arg, pattern, pattern|free)
	}
	return condition{arg, masked, mask, pattern}, usable
}

func (c condition) compare(d condition) int {
	return cmp.Or(cmp.Compare(c.arg, d.arg), cmp.Compare(c.kind, d.kind), cmp.Compare(c.a, d.a), cmp.Compare(c.b, d.b))
}

// write is the inverse of readCondition for what one operator says: two
// conditions on one argument are alternatives to a delegate (runc issue 2735).
// Of several operators for a span it takes one for equality, if asked to.
func (c condition) write(equality bool) specs.LinuxSeccompArg {
	a := specs.LinuxSeccompArg{Index: c.arg, Value: c.a}
	switch {
	case c.kind == except:
		a.Op = specs.OpNotEqual
	case c.single():
		a.Op = specs.OpEqualTo
	case c.kind == span && c.a == 0 && !equality:
		a.Op, a.Value = specs.OpLessEqual, c.b
	case c.kind == span && c.b == math.MaxUint64 && !equality:
		a.Op = specs.OpGreaterEqual
	default:
		a.Op = specs.OpMaskedEqual
		a.Value, a.ValueTwo = c.fixed()
	}
	return a
}

// sayable reports that one operator says the condition.
func (c condition) sayable() bool {
	return c.kind != span || c.a == 0 || c.b == math.MaxUint64 || c.equality()
}

// equality reports that a comparison for equality says it, plain or masked.
func (c condition) equality() bool {
	mask, pattern := c.fixed()
	lo, hi := c.bounds()
	return c.kind != except && lo == pattern && hi == pattern|^mask
}
