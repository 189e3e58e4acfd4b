package seccomp

import (
	"fmt"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/contrib/seccomp"
	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

func closed(groups ...specs.LinuxSyscall) *specs.LinuxSeccomp {
	return &specs.LinuxSeccomp{DefaultAction: specs.ActErrno, Syscalls: groups}
}

func open(groups ...specs.LinuxSyscall) *specs.LinuxSeccomp {
	return &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Syscalls: groups}
}

func allow(name string, args ...specs.LinuxSeccompArg) specs.LinuxSyscall {
	return specs.LinuxSyscall{Names: []string{name}, Action: specs.ActAllow, Args: args}
}

func deny(name string, action specs.LinuxSeccompAction, args ...specs.LinuxSeccompArg) specs.LinuxSyscall {
	return specs.LinuxSyscall{Names: []string{name}, Action: action, Args: args}
}

func errno(name string, number uint, args ...specs.LinuxSeccompArg) specs.LinuxSyscall {
	return specs.LinuxSyscall{Names: []string{name}, Action: specs.ActErrno, ErrnoRet: &number, Args: args}
}

func arg(index uint, op specs.LinuxSeccompOperator, value uint64) specs.LinuxSeccompArg {
	return specs.LinuxSeccompArg{Index: index, Value: value, Op: op}
}

func eq(index uint, value uint64) specs.LinuxSeccompArg { return arg(index, specs.OpEqualTo, value) }

func mask(index uint, bits uint64) specs.LinuxSeccompArg {
	return arg(index, specs.OpMaskedEqual, bits)
}

func TestMeetOf(t *testing.T) {
	tenant := closed(allow("socket", eq(0, 1)), allow("socket", eq(0, 2)), allow("clone", mask(0, 0x7e020000)), errno("clone3", 38), allow("read"))
	for name, c := range map[string]struct{ engine, want *specs.LinuxSeccomp }{
		"a range and values": { // containerd 2.4 has ranges for socket
			closed(allow("socket", arg(0, specs.OpLessThan, 2)), allow("read")),
			closed(allow("read"), errno("clone3", 38), allow("socket", eq(0, 1))),
		},
		"everything but a value": { // Docker 23 has NE 40
			closed(allow("socket", arg(0, specs.OpNotEqual, 40))),
			closed(allow("socket", eq(0, 1)), allow("socket", eq(0, 2)), errno("clone3", 38)),
		},
		"an older mask": { // Docker 19.03 has no cgroup namespace in it
			closed(allow("clone", mask(0, 0x7c020000))),
			closed(allow("clone", mask(0, 0x7e020000)), errno("clone3", 38)),
		},
		"a list of what is denied": {
			open(errno("socket", 97, eq(0, 2)), errno("socket", 97, eq(0, 40)), deny("read", specs.ActKill)),
			closed(allow("clone", mask(0, 0x7e020000)), allow("socket", eq(0, 1)), errno("clone3", 38), errno("socket", 97, eq(0, 2)), deny("read", specs.ActKillThread)),
		},
		"conditions that contradict": {
			closed(allow("socket", eq(0, 16))),
			closed(errno("clone3", 38)),
		},
		"another argument": {
			closed(allow("socket", eq(2, 0))),
			closed(allow("socket", eq(0, 1), eq(2, 0)), allow("socket", eq(0, 2), eq(2, 0)), errno("clone3", 38)),
		},
		"two conditions on one argument, which are alternatives": {
			closed(allow("socket", arg(0, specs.OpGreaterEqual, 2), arg(0, specs.OpLessEqual, 1))),
			closed(allow("socket", eq(0, 1)), allow("socket", eq(0, 2)), errno("clone3", 38)),
		},
		"an agent that would decide": {
			closed(deny("read", specs.ActNotify), allow("read", eq(0, 0))),
			closed(errno("clone3", 38)),
		},
		"allowed and denied": {
			closed(allow("read"), errno("read", 13)),
			closed(errno("clone3", 38), errno("read", 13)),
		},
		"another error than the one that a libc falls back on": {
			closed(errno("clone3", 97)),
			closed(errno("clone3", 38)),
		},
		"a stricter default": {
			&specs.LinuxSeccomp{DefaultAction: specs.ActKillProcess, Syscalls: []specs.LinuxSyscall{allow("read"), errno("clone3", 38)}},
			&specs.LinuxSeccomp{DefaultAction: specs.ActKillProcess, Syscalls: []specs.LinuxSyscall{allow("read"), errno("clone3", 38)}},
		},
		"nothing": {nil, closed(allow("read"), allow("clone", mask(0, 0x7e020000)), allow("socket", eq(0, 1)), allow("socket", eq(0, 2)), errno("clone3", 38))},
	} {
		t.Run(name, func(t *testing.T) {
			got := Meet(c.engine, tenant)
			if !Leq(got, c.want) || !Leq(c.want, got) {
				t.Errorf("allows something else than %s", text(t, c.want))
			}
			if d := cmp.Diff(text(t, Meet(c.want, nil)), text(t, got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestMeetOfTwoListsOfDenialsIsOneOfWhatIsAllowed(t *testing.T) {
	got := Meet(open(errno("socket", 97, eq(0, 40))), open(deny("bpf", specs.ActErrno), deny("a_call_to_come", specs.ActErrno)))
	for name, want := range map[string]denial{"read": {}, "bpf": {specs.ActErrno, eperm}, "a_call_to_come": {specs.ActErrno, enosys}, "another": {specs.ActErrno, enosys}} {
		if v := verdict(got, call{name: name}); v != want {
			t.Errorf("%s: %v, want %v", name, v, want)
		}
	}
	for family, want := range map[uint64]denial{39: {}, 40: {specs.ActErrno, 97}, 41: {}, 1<<32 + 40: {}} {
		if v := verdict(got, call{name: "socket", args: [6]uint64{family}}); v != want {
			t.Errorf("socket of family %d: %v, want %v", family, v, want)
		}
	}
}

// runc answers calls above the highest one that is named with ENOSYS.
func TestMeetNamesWhatAFilterKills(t *testing.T) {
	kills := func(groups ...specs.LinuxSyscall) *specs.LinuxSeccomp {
		return &specs.LinuxSeccomp{DefaultAction: specs.ActKillProcess, Syscalls: groups}
	}
	got := Meet(kills(allow("read"), allow("statmount")), closed(allow("read"), deny("mount", specs.ActKillProcess)))
	want := kills(allow("read"), deny("mount", specs.ActKillProcess), errno("statmount", 1))
	if d := cmp.Diff(text(t, Meet(want, nil)), text(t, got)); d != "" {
		t.Error(d)
	}
	got = Meet(kills(), closed(allow("read"), errno("bpf", 13)))
	if len(got.Syscalls) > 0 || got.DefaultAction != specs.ActKillProcess {
		t.Errorf("a filter that kills all became %s", text(t, got))
	}
}

func TestMeetOfTwoErrors(t *testing.T) {
	engine := closed(errno("chmod", 13), errno("clone3", 38), errno("mount", 13), errno("socket", 22, eq(0, 16), eq(2, 9)), allow("socket", eq(0, 2)))
	tenant := closed(errno("chmod", 95), errno("clone3", 1), allow("mount"), allow("socket"))
	for name, want := range map[string]uint{"chmod": 95, "clone3": 38, "mount": 13, "other": 1} {
		if v := verdict(Meet(engine, tenant), call{name: name}); v != (denial{specs.ActErrno, want}) {
			t.Errorf("%s: %v, want error %d", name, v, want)
		}
	}
	if v := verdict(Meet(engine, tenant), call{name: "socket", args: [6]uint64{16, 0, 9}}); v.errno != 22 {
		t.Errorf("socket: %v, want the engine's own error for these arguments", v)
	}
}

func TestMoreRulesThanAFilterHoldsAreDenied(t *testing.T) {
	many := func(n int) (groups []specs.LinuxSyscall) {
		for i := range n {
			groups = append(groups, allow("socket", eq(0, uint64(i))))
		}
		return groups
	}
	within, beyond := Meet(closed(many(512)...), nil), Meet(closed(many(513)...), nil)
	c := call{name: "socket", args: [6]uint64{2}}
	if !allows(within, c) || allows(beyond, c) {
		t.Errorf("512 rules allow the call: %v, 513: %v", allows(within, c), allows(beyond, c))
	}
}

func TestWhatOneCallCannotAffordDeniesThatCallOnly(t *testing.T) {
	manyBits := func(index uint) specs.LinuxSyscall { return errno("ioctl", 1, mask(index, 1<<63-1)) }
	got := Meet(closed(manyBits(0), manyBits(1), allow("ioctl"), deny("read", specs.ActErrno, eq(0, 1)), allow("read")), nil)
	if allows(got, call{name: "ioctl", args: [6]uint64{1, 1}}) {
		t.Error("3969 rules were written")
	}
	if !allows(got, call{name: "read"}) {
		t.Error("another call is denied")
	}
}

// A filter of the largest config.json must not hold up the shim.
func TestAHostileFilterIsCheap(t *testing.T) {
	for name, f := range hostile() {
		start := time.Now()
		m := Meet(f, f)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
		if !Leq(m, f) {
			t.Errorf("%s: more is allowed", name)
		}
	}
}

func BenchmarkHostile(b *testing.B) {
	for name, f := range hostile() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Meet(f, f)
			}
		})
	}
}

// hostile are filters of many rules for many calls.
func hostile() map[string]*specs.LinuxSeccomp {
	all := map[string]*specs.LinuxSeccomp{}
	for name, group := range map[string]func(i uint) specs.LinuxSyscall{
		"uncertain": func(i uint) specs.LinuxSyscall {
			return allow("", eq(i%6, uint64(i)), arg((i+1)%6, specs.OpNotEqual, uint64(i)), arg((i+2)%6, specs.OpGreaterThan, uint64(i)))
		},
		"equalities": func(i uint) specs.LinuxSyscall {
			return allow("", eq(i%6, uint64(i)), eq((i+1)%6, uint64(i)), eq((i+2)%6, uint64(i)))
		},
		"masks": func(i uint) specs.LinuxSyscall {
			return allow("", mask(i%6, 1<<63-1-uint64(i)), mask((i+1)%6, uint64(i)))
		},
		"one argument": func(i uint) specs.LinuxSyscall { return allow("", eq(0, uint64(i))) },
		"spans":        func(i uint) specs.LinuxSyscall { return allow("", arg(0, specs.OpGreaterEqual, uint64(i))) },
	} {
		for _, denies := range []uint{2, 50, 1000} { // one rule of so many
			f := closed()
			for i := range uint(500) {
				g := group(i)
				if g.Names = nil; i%denies == 1 {
					g.Action = specs.ActErrno
				}
				for n := range 400 {
					g.Names = append(g.Names, fmt.Sprintf("call%d", n))
				}
				f.Syscalls = append(f.Syscalls, g)
			}
			all[fmt.Sprintf("%s, denied every %d", name, denies)] = f
		}
	}
	return all
}

func BenchmarkMeet(b *testing.B) {
	engine := seccomp.DefaultProfile(&specs.Spec{Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{}}})
	tenant := seccomp.DefaultProfile(&specs.Spec{Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_SYS_ADMIN"}}}})
	for b.Loop() {
		Meet(engine, tenant)
	}
}
