package seccomp_test

import (
	"math/rand/v2"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A generator makes filters of a few calls and every kind of rule.
type generator struct{ *rand.Rand }

// names have arguments that filters look at, or are reached by socketcall and
// ipc on x86; one is the highest that libseccomp 2.5.4 knows, some it does not
// know.
var names = []string{
	"socket", "socket", "ioctl", "ioctl", "fcntl", "clone", "clone3", "prctl", "personality", "read", "write", "mmap",
	"socketcall", "bind", "ipc", "shmget", "semop", "set_mempolicy_home_node", "uretprobe", "a_call_to_come",
}

// others make more than 32 rules, as every filter that a container runs under
// has. With fewer, libseccomp denies all calls of x86_64 if the filter has x32
// and names a call that x86_64 has not (2.5.4, _gen_bpf_syscalls: acc_reset).
var others = []string{
	"open", "stat", "fstat", "lstat", "poll", "lseek", "mprotect", "munmap", "brk", "pread64", "pwrite64", "readv", "writev", "access",
	"pipe", "select", "mremap", "msync", "mincore", "madvise", "dup", "dup2", "pause", "nanosleep", "alarm", "getpid", "execve", "exit",
	"wait4", "kill", "uname", "flock", "fsync", "getdents", "getcwd", "chdir", "fchdir", "rename", "mkdir", "rmdir",
}

var (
	defaults = []specs.LinuxSeccompAction{
		specs.ActErrno, specs.ActErrno, specs.ActErrno, specs.ActAllow, specs.ActAllow, specs.ActKillProcess, specs.ActKill, specs.ActTrap, specs.ActLog, specs.ActTrace,
	}
	actions = []specs.LinuxSeccompAction{
		specs.ActAllow, specs.ActAllow, specs.ActAllow, specs.ActAllow, specs.ActErrno, specs.ActErrno,
		specs.ActKill, specs.ActKillProcess, specs.ActKillThread, specs.ActTrap, specs.ActNotify, specs.ActTrace, specs.ActLog,
	}
	operators = []specs.LinuxSeccompOperator{
		specs.OpEqualTo, specs.OpMaskedEqual, specs.OpNotEqual, specs.OpLessThan, specs.OpLessEqual, specs.OpGreaterThan, specs.OpGreaterEqual,
	}
	small     = []uint64{0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 38, 40, 0x5412, 0x7e020000}
	wide      = []uint64{1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 1, 1<<32 + 16, 1<<63 - 1, 1 << 63, 1<<64 - 2, 1<<64 - 1}
	arches    = [][]specs.Arch{nil, {specs.ArchX86_64}, {specs.ArchX86_64, specs.ArchX86}, {specs.ArchX86_64, specs.ArchX86, specs.ArchX32}, {specs.ArchX86_64, specs.ArchX86, specs.ArchX32}}
	flagLists = [][]specs.LinuxSeccompFlag{nil, {specs.LinuxSeccompFlagSpecAllow}, {specs.LinuxSeccompFlagLog}}
)

func (g generator) filter() *specs.LinuxSeccomp {
	values := small
	if g.IntN(3) == 0 {
		values = slices.Concat(small, wide)
	}
	f := &specs.LinuxSeccomp{
		DefaultAction: pick(g, defaults), DefaultErrnoRet: g.errno(),
		Architectures: pick(g, arches), Flags: pick(g, flagLists),
	}
	if g.IntN(10) > 0 { // else it allows nothing, or everything
		f.Syscalls = []specs.LinuxSyscall{{Names: []string{"close"}, Action: pick(g, actions)}}
	}
	if slices.Contains(f.Architectures, specs.ArchX32) || g.IntN(4) > 0 {
		f.Syscalls = append(f.Syscalls, specs.LinuxSyscall{Names: others, Action: pick(g, actions)})
	}
	for range g.IntN(9) * min(1, len(f.Syscalls)) {
		group := specs.LinuxSyscall{Action: pick(g, actions), ErrnoRet: g.errno(), Args: g.args(values)}
		for range 1 + g.IntN(3) {
			group.Names = append(group.Names, pick(g, names))
		}
		f.Syscalls = append(f.Syscalls, group)
	}
	return f
}

func (g generator) errno() *uint {
	return pick(g, []*uint{nil, nil, number(1), number(13), number(enosys), number(0), number(4096)})
}

func number(n uint) *uint { return &n }

// args are mostly what libseccomp is sure of: comparisons for equality, and one
// of another kind as the last.
func (g generator) args(values []uint64) []specs.LinuxSeccompArg {
	var args []specs.LinuxSeccompArg
	n, careless := g.IntN(4), g.IntN(8) == 0
	for i := range n {
		a := specs.LinuxSeccompArg{Index: uint(i), Op: pick(g, operators), Value: pick(g, values)}
		if i < n-1 && !careless {
			a.Op = pick(g, operators[:2])
		}
		if careless && g.IntN(2) == 0 {
			a.Index = uint(g.IntN(6))
		}
		if a.Op == specs.OpMaskedEqual {
			a.ValueTwo = pick(g, values)
			if g.IntN(20) > 0 {
				a.ValueTwo &= a.Value
			}
		}
		args = append(args, a)
	}
	if !careless && n > 0 && g.IntN(3) == 0 {
		args = args[n-1:] // the last alone
	}
	return args
}

func pick[T any](g generator, from []T) T { return from[g.IntN(len(from))] }
