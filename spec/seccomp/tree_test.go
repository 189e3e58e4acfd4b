package seccomp

import (
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// What is certain was found with libseccomp 2.5.4, and is compared with it in
// integration/seccomp.
func TestWhatLibseccompGetsRight(t *testing.T) {
	args := func(a ...specs.LinuxSeccompArg) []specs.LinuxSeccompArg { return a }
	ne, gt := specs.OpNotEqual, specs.OpGreaterThan
	for name, c := range map[string]struct {
		rules []specs.LinuxSyscall
		want  bool
	}{
		"equalities":                      {[]specs.LinuxSyscall{allow("", eq(0, 1), eq(2, 1<<40)), allow("", mask(1, 1<<63))}, true},
		"ranges of containerd":            {[]specs.LinuxSyscall{allow("", arg(0, specs.OpLessThan, 38)), allow("", eq(0, 39)), allow("", arg(0, gt, 40))}, true},
		"a range first":                   {[]specs.LinuxSyscall{allow("", arg(0, gt, 5), eq(1, 1)), allow("", arg(0, gt, 7), eq(1, 2))}, false},
		"a range first, in order":         {[]specs.LinuxSyscall{allow("", eq(1, 1), arg(0, gt, 5)), allow("", eq(1, 2))}, false},
		"a range last":                    {[]specs.LinuxSyscall{allow("", eq(0, 5), arg(1, gt, 1)), allow("", arg(0, gt, 7))}, true},
		"a range of more than 32 bits":    {[]specs.LinuxSyscall{allow("", arg(0, gt, 1<<32)), allow("", eq(0, 1))}, false},
		"inequality beside equality":      {[]specs.LinuxSyscall{allow("", eq(0, 1), eq(2, 9)), allow("", arg(2, ne, 9))}, false},
		"of one argument":                 {[]specs.LinuxSyscall{allow("", eq(2, 9)), allow("", arg(2, ne, 9))}, true},
		"with another answer, as Podman":  {[]specs.LinuxSyscall{errno("", 22, eq(0, 16), eq(2, 9)), allow("", arg(2, ne, 9)), allow("", arg(0, ne, 16))}, true},
		"with another answer, the longer": {[]specs.LinuxSyscall{errno("", 22, eq(2, 9)), allow("", eq(0, 1), arg(2, ne, 9))}, false},
		"alternatives":                    {[]specs.LinuxSyscall{allow("", args(arg(0, gt, 5), arg(0, ne, 7), eq(1, 1))...)}, true},
	} {
		var trees []tree
		for _, group := range c.rules {
			trees = append(trees, readTrees(group.Args, denialOf(group.Action, group.ErrnoRet))...)
		}
		if got := certain(trees); got != c.want {
			t.Errorf("%s: certain is %v, want %v", name, got, c.want)
		}
	}
}

func TestCallsThatLibseccompGetsWrongAreDenied(t *testing.T) {
	wrong := []specs.LinuxSyscall{allow("prctl", arg(0, specs.OpGreaterThan, 5), eq(1, 1)), allow("prctl", arg(0, specs.OpGreaterThan, 7), eq(1, 2)), allow("read")}
	m := Meet(closed(wrong...), nil)
	if allows(m, call{name: "prctl", args: [6]uint64{8, 2}}) || !allows(m, call{name: "read"}) {
		t.Errorf("got %s", text(t, m))
	}
	kills := closed(append(wrong, deny("prctl", specs.ActKillProcess, eq(0, 1)))...)
	if got := verdict(Meet(kills, nil), call{name: "prctl"}); got.class() != killProcess {
		t.Errorf("the call is answered with %v, want the strictest of its answers", got)
	}
	if !Leq(closed(wrong...), closed(wrong...)) || Leq(closed(wrong...), closed(allow("read"))) {
		t.Error("what libseccomp makes of them counts as nothing")
	}
}

func TestMeetHas32BitArchitecturesOnlyForWhatIsTheSameThere(t *testing.T) {
	both := func(groups ...specs.LinuxSyscall) *specs.LinuxSeccomp {
		f := closed(groups...)
		f.Architectures = []specs.Arch{specs.ArchX86_64, specs.ArchX86, "SCMP_ARCH_NEW", specs.ArchX86}
		return f
	}
	for name, c := range map[string]struct {
		filter *specs.LinuxSeccomp
		want   int
	}{
		"small values":                 {both(allow("ioctl", eq(0, 1)), allow("ioctl", eq(0, 2), eq(1, 2))), 2},
		"a large value":                {both(allow("ioctl", eq(0, 1<<32))), 1},
		"a large pattern":              {both(allow("ioctl", specs.LinuxSeccompArg{Op: specs.OpMaskedEqual, Value: 1 << 32, ValueTwo: 1 << 32})), 1},
		"large values after a meet":    {both(allow("ioctl", arg(0, specs.OpGreaterThan, 1)), allow("ioctl", eq(1, 2))), 1},
		"opposites":                    {both(allow("ioctl", eq(0, 1)), errno("ioctl", 5, arg(0, specs.OpNotEqual, 1))), 1},
		"a call that is denied by two": {both(allow("read"), errno("socket", 97, eq(0, 38))), 1},
	} {
		if got := Meet(c.filter, both(allow("ioctl"), allow("read"), allow("socket"))).Architectures; len(got) != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
