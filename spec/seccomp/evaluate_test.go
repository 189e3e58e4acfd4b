package seccomp

import (
	"math/rand/v2"
	"slices"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A call is what a filter sees.
type call struct {
	name string
	args [6]uint64
}

// allows says whether a filter lets a call through.
func allows(p *specs.LinuxSeccomp, c call) bool { return verdict(p, c) == denial{} }

// verdict says what a filter does with a call, rule by rule and without the
// sets that Meet works on: of several rules that match the strictest counts.
func verdict(p *specs.LinuxSeccomp, c call) denial {
	if p == nil || p.DefaultAction == "" && len(p.Syscalls) == 0 {
		return denial{}
	}
	rest := denialOf(p.DefaultAction, p.DefaultErrnoRet)
	var answers []denial
	for _, group := range p.Syscalls {
		how := denialOf(group.Action, group.ErrnoRet)
		if slices.Contains(group.Names, c.name) && matches(group, c) && (how != denial{} || rest != denial{}) {
			answers = append(answers, how)
		}
	}
	if len(answers) == 0 {
		return rest
	}
	strictest := answers[0]
	for _, how := range answers {
		strictest = order{}.stricter(strictest, how)
	}
	return strictest
}

func matches(group specs.LinuxSyscall, c call) bool {
	all, some, repeated := true, false, false
	seen := map[uint]bool{}
	for _, a := range group.Args {
		if a.Index > 5 || operators[a.Op] == nil || a.Op == specs.OpMaskedEqual && a.ValueTwo&^a.Value != 0 {
			return group.Action != specs.ActAllow // unknown: denies
		}
		repeated = repeated || seen[a.Index]
		seen[a.Index] = true
		ok := operators[a.Op](c.args[a.Index], a.Value, a.ValueTwo)
		all, some = all && ok, some || ok
	}
	if repeated {
		return some
	}
	return all
}

var operators = map[specs.LinuxSeccompOperator]func(x, v, two uint64) bool{
	specs.OpEqualTo:      func(x, v, _ uint64) bool { return x == v },
	specs.OpNotEqual:     func(x, v, _ uint64) bool { return x != v },
	specs.OpLessThan:     func(x, v, _ uint64) bool { return x < v },
	specs.OpLessEqual:    func(x, v, _ uint64) bool { return x <= v },
	specs.OpGreaterThan:  func(x, v, _ uint64) bool { return x > v },
	specs.OpGreaterEqual: func(x, v, _ uint64) bool { return x >= v },
	specs.OpMaskedEqual:  func(x, v, two uint64) bool { return x&v == two },
}

// values are where conditions of generated profiles change: small numbers,
// single bits and the highest ones.
var values = []uint64{0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 1, 1<<63 - 1, 1 << 63, 1<<64 - 9, 1<<64 - 8, 1<<64 - 3, 1<<64 - 2, 1<<64 - 1}

// around returns calls at and beside every value that the profiles compare with.
func around(r *rand.Rand, profiles ...*specs.LinuxSeccomp) []call {
	points := slices.Clone(values)
	names := []string{"unnamed"}
	for _, p := range profiles {
		if p == nil {
			continue
		}
		for _, group := range p.Syscalls {
			names = append(names, group.Names...)
			for _, a := range group.Args {
				points = append(points, a.Value-1, a.Value, a.Value+1, a.ValueTwo, ^a.Value, a.ValueTwo|^a.Value, a.ValueTwo^1)
			}
		}
	}
	slices.Sort(names)
	slices.Sort(points)
	names, points = slices.Compact(names), slices.Compact(points)
	var calls []call
	for _, name := range names {
		for _, v := range points {
			for range 2 {
				c := call{name: name}
				for i := range c.args {
					c.args[i] = points[r.IntN(len(points))]
				}
				c.args[0] = v
				calls = append(calls, c)
			}
		}
	}
	return calls
}

// A generator makes profiles of a few names and every kind of rule.
type generator struct {
	*rand.Rand
	sure bool // only what libseccomp is sure to get right
}

func (g generator) profile() *specs.LinuxSeccomp {
	defaults := []specs.LinuxSeccompAction{specs.ActErrno, specs.ActErrno, specs.ActKillProcess, specs.ActAllow, specs.ActLog, specs.ActTrap}
	actions := []specs.LinuxSeccompAction{specs.ActAllow, specs.ActAllow, specs.ActAllow, specs.ActAllow, specs.ActErrno, specs.ActKill, specs.ActNotify, specs.ActTrace, specs.ActLog}
	p := &specs.LinuxSeccomp{DefaultAction: pick(g, defaults), ListenerPath: "/run/agent.sock", ListenerMetadata: "x"}
	for range g.IntN(8) {
		group := specs.LinuxSyscall{Action: pick(g, actions)}
		for range 1 + g.IntN(3) {
			group.Names = append(group.Names, "call"+strconv.Itoa(g.IntN(4)))
		}
		if group.Action == specs.ActErrno && g.IntN(2) == 0 {
			group.ErrnoRet = &[]uint{0, 1, 13, 38, 70000}[g.IntN(5)]
		}
		group.Args = g.args()
		if g.sure && group.Action != specs.ActAllow {
			group.Args = group.Args[:min(1, len(group.Args))] // few rules are left for what is allowed
		}
		p.Syscalls = append(p.Syscalls, group)
	}
	p.Architectures = pick(g, [][]specs.Arch{nil, {specs.ArchX86_64}, {specs.ArchX86_64, specs.ArchX86}})
	p.Flags = pick(g, [][]specs.LinuxSeccompFlag{nil, {specs.LinuxSeccompFlagSpecAllow}, {specs.LinuxSeccompFlagLog, FlagTSync}})
	return p
}

func (g generator) args() []specs.LinuxSeccompArg {
	ops := []specs.LinuxSeccompOperator{specs.OpEqualTo, specs.OpMaskedEqual, specs.OpNotEqual, specs.OpLessThan, specs.OpLessEqual, specs.OpGreaterThan, specs.OpGreaterEqual, "SCMP_CMP_NEW"}
	if g.sure {
		ops = ops[:2]
	}
	var args []specs.LinuxSeccompArg
	for range g.IntN(3) {
		a := specs.LinuxSeccompArg{Index: uint(g.IntN(3)), Op: pick(g, ops), Value: pick(g, values)}
		if a.Op == specs.OpMaskedEqual {
			a.ValueTwo = a.Value & pick(g, values)
		}
		if g.sure {
			args = append(args, a)
			continue
		}
		switch g.IntN(50) {
		case 0:
			a.Index = 6
		case 1:
			a.ValueTwo = pick(g, values) // bits outside of the mask
		}
		args = append(args, a)
	}
	return args
}

func pick[T any](g generator, from []T) T { return from[g.IntN(len(from))] }
