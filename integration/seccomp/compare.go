package seccomp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/seccomp"
)

// A Count is what comparing filters with their meets came to.
type Count struct {
	Pairs, Refused, Hanging, Long int // Refused by runc and Hanging: one of the pair is no filter
	Calls                         int
	Beyond                        int // calls denied that both filters allow
	Harder                        int // calls denied more strictly than both filters do
	Errnos                        int // calls denied with another error than the stricter's
	Foreign                       int // calls of an architecture that the meet leaves to libseccomp, which kills the thread
	Sampled                       int // numbers whose arguments were too many to combine
}

func (c *Count) String() string {
	return fmt.Sprintf("%d pairs, %d refused by runc, %d that libseccomp hangs on, %d longer than the kernel takes; %d calls, of them %d (%.2f %%) denied that both allow, %d (%.2f %%) more strictly than both, %d with another errno, %d of a foreign architecture; arguments sampled for %d numbers",
		c.Pairs, c.Refused, c.Hanging, c.Long, c.Calls, c.Beyond, 100*float64(c.Beyond)/float64(max(c.Calls, 1)), c.Harder, 100*float64(c.Harder)/float64(max(c.Calls, 1)), c.Errnos, c.Foreign, c.Sampled)
}

// unfiltered is what no filter is.
var unfiltered = Program{{code: answer, k: allowed}}

// numbers are the calls of x86 that are tried: all that there are, some that are
// to come, and the highest of an architecture.
var numbers = append(first(640), 1<<30-1)

func first(n int) []uint32 {
	all := make([]uint32, n)
	for i := range all {
		all[i] = uint32(i)
	}
	return all
}

// The architectures of an x86 machine. Source: linux/audit.h, asm/unistd.h.
var x86 = []struct {
	arch         specs.Arch
	architecture uint32
	bit          uint32 // of all numbers
	words        int    // bits of an argument
}{
	{specs.ArchX86_64, 0xc000003e, 0, 64},
	{specs.ArchX86, 0x40000003, 0, 32},
	{specs.ArchX32, 0xc000003e, 1 << 30, 64},
}

// A Comparison is of two filters with their meet.
type Comparison struct {
	first, second, meet Program
	common              []specs.Arch
	rand                *rand.Rand
	count               *Count
}

// Compare compiles two filters and their meet, and runs the programs over every
// call. The error is the first call that the meet is less strict with.
func (c *Compiler) Compare(first, second *specs.LinuxSeccomp, r *rand.Rand, count *Count) error {
	meet := seccomp.Meet(first, second)
	cmp := &Comparison{rand: r, count: count, common: meet.Architectures}
	count.Pairs++
	for _, in := range []struct {
		filter *specs.LinuxSeccomp
		into   *Program
	}{{first, &cmp.first}, {second, &cmp.second}} {
		if in.filter == nil {
			*in.into = unfiltered
			continue
		}
		p, _, err := c.Compile(in.filter)
		switch {
		case err == nil:
			*in.into = p
		case errors.Is(err, ErrHangs):
			count.Hanging++
			return nil
		default:
			count.Refused++
			return nil
		}
	}
	var err error
	if cmp.meet, _, err = c.Compile(meet); errors.Is(err, ErrLength) {
		count.Long++
		return nil
	} else if err != nil {
		return fmt.Errorf("the meet is no filter: %w", err)
	}
	return cmp.run()
}

// NotMore runs two filters over every call and counts what only the second
// allows. The error is a call that the first is less strict with.
func (c *Compiler) NotMore(less, more *specs.LinuxSeccomp) (denied int, err error) {
	p, _, err := c.Compile(less)
	if err != nil {
		return 0, err
	}
	q, _, err := c.Compile(more)
	if err != nil {
		return 0, err
	}
	cmp := &Comparison{first: p, second: q, meet: p, rand: rand.New(rand.NewPCG(0, 0)), count: new(Count)}
	err = cmp.each(func(call *Call, _ specs.Arch) error {
		a, b := p.Answer(call), q.Answer(call)
		if a.Class > b.Class {
			return fmt.Errorf("%+v is answered with %+v, want at most %+v", *call, a, b)
		}
		if a.Class < b.Class {
			denied++
		}
		return nil
	})
	return denied, err
}

func (c *Comparison) run() error { return c.each(c.one) }

// each runs a test for every call, until one fails.
func (c *Comparison) each(test func(*Call, specs.Arch) error) error {
	for _, a := range x86 {
		for _, n := range numbers {
			call := Call{Number: a.bit | n, Architecture: a.architecture}
			for _, args := range c.arguments(call, a.words) {
				call.Args = args
				if err := test(&call, a.arch); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// one compares the answers to one call.
func (c *Comparison) one(call *Call, arch specs.Arch) error {
	c.count.Calls++
	a, b := c.first.Answer(call), c.second.Answer(call)
	want, got := Stricter(a, b), c.meet.Answer(call)
	switch {
	case arch != specs.ArchX86_64 && !slices.Contains(c.common, arch):
		c.count.Foreign++
		if got.Class != KillThread {
			return fmt.Errorf("%+v of %s is answered with %+v, want the thread killed", call, arch, got)
		}
	case got.Class > want.Class:
		return fmt.Errorf("%+v of %s is answered with %+v by the meet, with %+v by the first filter and %+v by the second", *call, arch, got, a, b)
	case got.Class < want.Class && want.Class == Allow:
		c.count.Beyond++
	case got.Class < want.Class:
		c.count.Harder++
	case got != want:
		c.count.Errnos++
	}
	return nil
}

// combinations bounds the arguments that are tried for one number.
const combinations = 20000

// arguments returns combinations of the values beside every edge of what the
// programs compare the arguments of a call with: one if they look at none.
func (c *Comparison) arguments(call Call, words int) [][6]uint64 {
	byWord := map[uint32][]comparison{}
	for _, p := range []Program{c.first, c.second, c.meet} {
		for cmp := range p.comparisons(call.Number, call.Architecture) {
			byWord[cmp.word] = append(byWord[cmp.word], cmp)
		}
	}
	all := [][6]uint64{{}}
	offsets := make([]uint32, 0, len(byWord))
	total := 1
	values := map[uint32][]uint32{}
	for at, compared := range byWord {
		if words == 32 && at%8 == 4 {
			continue // the kernel has zeros there
		}
		v := points(compared)
		slices.Sort(v)
		values[at] = slices.Compact(v)
		offsets = append(offsets, at)
		total = min(total*len(values[at]), combinations+1)
	}
	slices.Sort(offsets)
	if total > combinations {
		c.count.Sampled++
		return c.sample(offsets, values)
	}
	for _, at := range offsets {
		var next [][6]uint64
		for _, args := range all {
			for _, v := range values[at] {
				next = append(next, with(args, at, v))
			}
		}
		all = next
	}
	return all
}

func (c *Comparison) sample(offsets []uint32, values map[uint32][]uint32) (all [][6]uint64) {
	for range combinations / 10 {
		var args [6]uint64
		for _, at := range offsets {
			args = with(args, at, values[at][c.rand.IntN(len(values[at]))])
		}
		all = append(all, args)
	}
	return all
}

// with sets the word at an offset.
func with(args [6]uint64, at uint32, word uint32) [6]uint64 {
	args[(at-argumentsAt)/8] |= uint64(word) << (8 * (at % 8))
	return args
}
