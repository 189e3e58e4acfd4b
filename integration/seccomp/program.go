// Package seccomp runs the programs that a delegate loads for filters, to prove
// what spec/seccomp makes of two filters.
package seccomp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"golang.org/x/net/bpf"
)

// A Program is a filter as the kernel gets it: classic BPF over struct
// seccomp_data.
type Program []instruction

type instruction struct {
	code   uint16
	jt, jf uint8
	k      uint32
}

// The instructions that libseccomp and runc write, of those that the kernel
// accepts. Source: linux/filter.h, kernel/seccomp.c (seccomp_check_filter).
const (
	loadWord  = 0x20 // A = word at K
	and       = 0x54 // A &= K
	jump      = 0x05
	jumpEqual = 0x15
	jumpMore  = 0x25
	jumpLeast = 0x35
	jumpSet   = 0x45
	answer    = 0x06
)

// instructionsMax is what the kernel takes (BPF_MAXINSNS).
const instructionsMax = 4096

// ErrLength is that a program has none or more than the kernel takes.
var ErrLength = errors.New("the kernel takes 1 to 4096 instructions")

// Offsets in struct seccomp_data. Source: linux/seccomp.h.
const (
	numberAt       = 0
	architectureAt = 4
	argumentsAt    = 16
	dataSize       = 64
)

// A Call is what a filter sees. The instruction pointer, at which neither
// libseccomp nor runc look, is zero.
type Call struct {
	Number, Architecture uint32
	Args                 [6]uint64
}

// word returns what a load at an offset gives.
func (c *Call) word(at uint32) uint32 {
	switch {
	case at == numberAt:
		return c.Number
	case at == architectureAt:
		return c.Architecture
	case at >= argumentsAt:
		i := (at - argumentsAt) / 8
		return uint32(c.Args[i] >> (8 * (at % 8)))
	}
	return 0
}

// NewProgram reads the bytes of a program and checks it as the kernel does.
func NewProgram(data []byte) (Program, error) {
	p := make(Program, len(data)/8)
	for i := range p {
		d := data[8*i:]
		p[i] = instruction{binary.NativeEndian.Uint16(d), d[2], d[3], binary.NativeEndian.Uint32(d[4:])}
	}
	if len(p) == 0 || len(p) > instructionsMax {
		return nil, fmt.Errorf("%w: %d instructions", ErrLength, len(p))
	}
	for i, in := range p {
		var farthest uint64
		switch in.code {
		case loadWord:
			if in.k%4 != 0 || in.k >= dataSize {
				return nil, fmt.Errorf("instruction %d loads at %d", i, in.k)
			}
		case jump:
			farthest = uint64(in.k)
		case jumpEqual, jumpMore, jumpLeast, jumpSet:
			farthest = uint64(max(in.jt, in.jf))
		case and, answer:
		default:
			return nil, fmt.Errorf("instruction %d has code %#x, which is none of libseccomp's", i, in.code)
		}
		if farthest >= uint64(len(p)-i-1) && in.code != answer {
			return nil, fmt.Errorf("instruction %d leads out of the program", i)
		}
	}
	return p, nil
}

// Raw returns the program for golang.org/x/net/bpf.
func (p Program) Raw() []bpf.RawInstruction {
	raw := make([]bpf.RawInstruction, len(p))
	for i, in := range p {
		raw[i] = bpf.RawInstruction{Op: in.code, Jt: in.jt, Jf: in.jf, K: in.k}
	}
	return raw
}

// Run returns what the program answers (SECCOMP_RET_*).
func (p Program) Run(c *Call) uint32 {
	var a uint32
	for pc := 0; ; pc++ {
		switch in := p[pc]; in.code {
		case loadWord:
			a = c.word(in.k)
		case and:
			a &= in.k
		case jump:
			pc += int(in.k)
		case answer:
			return in.k
		default:
			pc += in.skip(a)
		}
	}
}

func (in instruction) skip(a uint32) int {
	var yes bool
	switch in.code {
	case jumpEqual:
		yes = a == in.k
	case jumpMore:
		yes = a > in.k
	case jumpLeast:
		yes = a >= in.k
	case jumpSet:
		yes = a&in.k != 0
	}
	if yes {
		return int(in.jt)
	}
	return int(in.jf)
}

// looks reports that the program looks at the arguments of a call before it
// answers, whatever they are.
func (p Program) looks(number, architecture uint32) bool {
	c := Call{Number: number, Architecture: architecture}
	var a uint32
	for pc := 0; ; pc++ {
		switch in := p[pc]; in.code {
		case loadWord:
			if in.k >= argumentsAt {
				return true
			}
			a = c.word(in.k)
		case and:
			a &= in.k
		case jump:
			pc += int(in.k)
		case answer:
			return false
		default:
			pc += in.skip(a)
		}
	}
}

// A comparison is one that a program makes of a word of the arguments.
type comparison struct {
	word uint32 // its offset
	mask uint32 // what is looked at of it
	with uint32
}

// comparisons returns those that the program may make of the arguments of a
// call, whatever they are.
func (p Program) comparisons(number, architecture uint32) map[comparison]bool {
	type state struct {
		pc         int
		word, mask uint32
		value      uint32
	}
	if !p.looks(number, architecture) {
		return nil
	}
	known := Call{Number: number, Architecture: architecture}
	found, seen := map[comparison]bool{}, map[state]bool{}
	for todo := []state{{}}; len(todo) > 0; {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[s] {
			continue
		}
		seen[s] = true
		in, next := p[s.pc], s
		next.pc++
		switch in.code {
		case loadWord:
			next.word, next.mask, next.value = in.k, 1<<32-1, known.word(in.k)
			todo = append(todo, next)
		case and:
			next.mask &= in.k
			next.value &= in.k
			todo = append(todo, next)
		case jump:
			next.pc += int(in.k)
			todo = append(todo, next)
		case answer:
		default:
			if s.word < argumentsAt {
				next.pc += in.skip(s.value)
				todo = append(todo, next)
				continue
			}
			mask := s.mask
			if in.code == jumpSet {
				mask &= in.k
			}
			found[comparison{s.word, mask, in.k}] = true
			yes := next
			yes.pc += int(in.jt)
			next.pc += int(in.jf)
			todo = append(todo, yes, next)
		}
	}
	return found
}

// points returns the values of a word on both sides of every edge of what it is
// compared with.
func points(compared []comparison) []uint32 {
	all := []uint32{0, 1<<32 - 1}
	for _, c := range compared {
		all = append(all, c.with-1, c.with, c.with+1)
		if c.mask != 1<<32-1 {
			all = append(all, c.mask, ^c.mask, c.with|^c.mask)
			for rest := c.mask; rest != 0 && bits.OnesCount32(c.mask) <= 16; rest &= rest - 1 {
				all = append(all, c.with^rest&-rest)
			}
		}
	}
	return all
}
