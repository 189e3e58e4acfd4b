package seccomp

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

var nrs = map[string]uint32{"ioctl": 16, "fcntl": 72, "mprotect": 10, "prctl": 157}
var nms = []string{"ioctl", "fcntl", "mprotect", "prctl"}
var vals = []uint64{0, 1, 2, 3, 4, 7, 8, 15, 16, 0xffffffff, 1 << 32, 1<<32 + 1, 1<<32 + 5, 1 << 63, 1<<64 - 1, 1<<64 - 2}

func rnd(r *rand.Rand, maxargs int, narrow bool, acts []specs.LinuxSeccompAction) *specs.LinuxSeccomp {
	p := &specs.LinuxSeccomp{DefaultAction: []specs.LinuxSeccompAction{specs.ActErrno, specs.ActAllow, specs.ActKillProcess}[r.IntN(3)]}
	for range 1 + r.IntN(5) {
		g := specs.LinuxSyscall{Names: []string{nms[r.IntN(2)]}, Action: acts[r.IntN(len(acts))]}
		for range r.IntN(maxargs + 1) {
			v := vals
			if narrow {
				v = vals[:9]
			}
			ops := []specs.LinuxSeccompOperator{specs.OpEqualTo, specs.OpNotEqual, specs.OpLessThan, specs.OpLessEqual, specs.OpGreaterThan, specs.OpGreaterEqual, specs.OpMaskedEqual}
			a := specs.LinuxSeccompArg{Index: uint(r.IntN(3)), Op: ops[r.IntN(len(ops))], Value: v[r.IntN(len(v))]}
			if a.Op == specs.OpMaskedEqual {
				a.ValueTwo = v[r.IntN(len(v))]
				if r.IntN(4) > 0 {
					a.ValueTwo &= a.Value
				}
			}
			g.Args = append(g.Args, a)
		}
		p.Syscalls = append(p.Syscalls, g)
	}
	return p
}

func rank(a uint32) int {
	switch a & 0xffff0000 {
	case 0x80000000:
		return 0
	case 0:
		return 1
	case 0x00030000:
		return 2
	case 0x7fff0000:
		return 4
	}
	return 3
}
func rankOf(a specs.LinuxSeccompAction) int {
	switch a {
	case specs.ActKillProcess:
		return 0
	case specs.ActKill, specs.ActKillThread:
		return 1
	case specs.ActTrap:
		return 2
	case specs.ActAllow:
		return 4
	}
	return 3
}
func match(a specs.LinuxSeccompArg, x uint64) bool {
	switch a.Op {
	case specs.OpEqualTo:
		return x == a.Value
	case specs.OpNotEqual:
		return x != a.Value
	case specs.OpLessThan:
		return x < a.Value
	case specs.OpLessEqual:
		return x <= a.Value
	case specs.OpGreaterThan:
		return x > a.Value
	case specs.OpGreaterEqual:
		return x >= a.Value
	}
	return x&a.Value == a.ValueTwo
}
func verdict(p *specs.LinuxSeccomp, name string, args [6]uint64) (lo int, hi int) {
	lo, hi = -1, -1
	for _, g := range p.Syscalls {
		if g.Names[0] != name || g.Action == p.DefaultAction {
			continue
		}
		seen := map[uint]int{}
		all, some := true, false
		for _, a := range g.Args {
			seen[a.Index]++
			m := match(a, args[a.Index])
			all = all && m
			some = some || m
		}
		m := all
		for _, n := range seen {
			if n > 1 {
				m = some
			}
		}
		if m {
			k := rankOf(g.Action)
			if lo < 0 || k < lo {
				lo = k
			}
			if k > hi {
				hi = k
			}
		}
	}
	if lo < 0 {
		lo = rankOf(p.DefaultAction)
		hi = lo
	}
	return
}

func TestExplore(t *testing.T) {
	cmd := exec.Command("/tmp/work/compile-seccomp")
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bufio.NewReader(out))
	enc := json.NewEncoder(in)
	for _, cfg := range []struct {
		name    string
		maxargs int
		narrow  bool
		acts    []specs.LinuxSeccompAction
	}{
		{"allow only narrow", 2, true, []specs.LinuxSeccompAction{specs.ActAllow}},
		{"allow only wide", 2, false, []specs.LinuxSeccompAction{specs.ActAllow}},
		{"errno only narrow", 2, true, []specs.LinuxSeccompAction{specs.ActErrno}},
		{"mixed narrow", 2, true, []specs.LinuxSeccompAction{specs.ActAllow, specs.ActErrno, specs.ActKill, specs.ActTrap, specs.ActKillProcess}},
		{"mixed wide 3", 3, false, []specs.LinuxSeccompAction{specs.ActAllow, specs.ActErrno, specs.ActKill, specs.ActTrap, specs.ActKillProcess}},
	} {
		r := rand.New(rand.NewPCG(1, 2))
		errs := map[string]int{}
		stricter, laxer, calls, bad := 0, 0, 0, 0
		shown := 0
		for range 3000 {
			p := rnd(r, cfg.maxargs, cfg.narrow, cfg.acts)
			enc.Encode(p)
			var res struct {
				Program []byte
				Error   string
			}
			if err := dec.Decode(&res); err != nil {
				t.Fatal(err)
			}
			if res.Error != "" {
				errs[res.Error[:min(len(res.Error), 200)]]++
				continue
			}
			prog, err := NewProgram(res.Program)
			if err != nil {
				t.Fatal(err)
			}
			pb := false
			for _, name := range nms[:2] {
				var w [6]map[uint64]bool
				for i := range w {
					w[i] = map[uint64]bool{0: true, 5: true}
				}
				for _, g := range p.Syscalls {
					for _, a := range g.Args {
						for _, v := range []uint64{a.Value - 1, a.Value, a.Value + 1, a.ValueTwo, a.ValueTwo | ^a.Value} {
							w[a.Index][v] = true
						}
					}
				}
				for a0 := range w[0] {
					for a1 := range w[1] {
						for a2 := range w[2] {
							c := Call{Number: nrs[name], Architecture: 0xc000003e, Args: [6]uint64{a0, a1, a2}}
							got := rank(prog.Run(&c))
							lo, hi := verdict(p, name, c.Args)
							calls++
							if got != lo {
								pb = true
								if got < lo {
									stricter++
								} else {
									laxer++
								}
								if (got < lo) && shown < 4 {
									shown++
									b, _ := json.Marshal(p)
									fmt.Printf("%s: %s %v got %d want %d..%d\n", b, name, c.Args[:3], got, lo, hi)
								}
							}
						}
					}
				}
			}
			if pb {
				bad++
			}
		}
		fmt.Println(cfg.name, "calls", calls, "stricter", stricter, "laxer", laxer, "profiles", bad, errs)
	}
}
