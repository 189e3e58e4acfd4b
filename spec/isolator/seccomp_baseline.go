package isolator

import (
	"slices"
	"sync"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/seccomp"
)

// baselineProfile is the default filter of containerd 2.4.2 (Apache-2.0,
// contrib/seccomp/seccomp_default.go), less what programs in containers do not
// need and attacks do (attack rows 26, 29 to 36, 41, 42):
//
//	process_vm_readv, process_vm_writev   reading and writing other processes
//	modify_ldt                            the 16-bit segments of x86
//	name_to_handle_at                     handles of files, for open_by_handle_at
//	memfd_secret                          memory that no limit can reclaim
//	vmsplice                              references to the pages of others
//	ioctl TIOCSTI, TIOCLINUX              typing into the terminal of whoever looks on
//	socket families                       but unix, inet, inet6, netlink and, with CAP_NET_RAW, packet
//	netlink protocols                     but those in netlinkProtocols; with CAP_NET_ADMIN all
//	32-bit programs                       a second entry to the kernel, with a filter of its own
//
// Kept on purpose: ptrace, which debuggers and gVisor need and which the kernel
// confines to the container, System V IPC, which PostgreSQL needs, landlock,
// seccomp and io_submit.
func baselineProfile(c *Case) *specs.LinuxSeccomp {
	p := commonProfile(c)
	p.Syscalls = append(p.Syscalls, allowed("sync"))
	if mayHave(c, "CAP_NET_ADMIN") {
		p.Syscalls = append(p.Syscalls, allowed("socket", equal(0, afNetlink)))
	} else {
		p.Syscalls = append(p.Syscalls, netlink(netlinkProtocols...)...)
	}
	if mayHave(c, "CAP_SYS_ADMIN") {
		p.Syscalls = append(p.Syscalls, allowed("clone"), allowed("clone3"), allowed("setns"), allowed("unshare"))
		return p
	}
	return withoutNamespaces(c, p)
}

// commonProfile is what both levels have.
func commonProfile(c *Case) *specs.LinuxSeccomp {
	p := &specs.LinuxSeccomp{
		DefaultAction: specs.ActErrno,
		Architectures: native(c.Facts.Node.Architecture),
		Syscalls:      []specs.LinuxSyscall{{Names: baselineCalls, Action: specs.ActAllow}},
	}
	p.Syscalls = append(p.Syscalls, ioctls()...)
	p.Syscalls = append(p.Syscalls, sockets(c)...)
	for _, persona := range personalities {
		p.Syscalls = append(p.Syscalls, allowed("personality", equal(0, persona)))
	}
	for _, gate := range gatedCalls {
		if mayHave(c, gate.capability) {
			p.Syscalls = append(p.Syscalls, specs.LinuxSyscall{Names: gate.calls, Action: specs.ActAllow})
		}
	}
	return p
}

// Requests of ioctl(2). Source: asm-generic/ioctls.h, ioctl_tty(2).
const (
	tiocsti   = 0x5412
	tioclinux = 0x541c
)

var ioctls = sync.OnceValue(func() []specs.LinuxSyscall { return seccomp.Except("ioctl", 1, tiocsti, tioclinux) })

// personalities are PER_LINUX and PER_LINUX32, each with and without UNAME26,
// and the question for the current one. None switches off address space
// randomisation. Source: linux/personality.h.
var personalities = []uint64{0, 0x8, 0x20000, 0x20008, 0xffffffff}

// withoutNamespaces permits clone without a new namespace. The flags of clone3
// are behind a pointer: ENOSYS makes a libc use clone (moby PR 42681).
func withoutNamespaces(c *Case, p *specs.LinuxSeccomp) *specs.LinuxSeccomp {
	const newNamespaces = 0x7e020000 // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
	flags, enosys := uint(0), uint(38)
	if c.Facts.Node.Architecture == "s390x" {
		flags = 1 // clone(2): the stack comes first
	}
	p.Syscalls = append(p.Syscalls,
		allowed("clone", specs.LinuxSeccompArg{Index: flags, Value: newNamespaces, Op: specs.OpMaskedEqual}),
		specs.LinuxSyscall{Names: []string{"clone3"}, Action: specs.ActErrno, ErrnoRet: &enosys})
	return p
}

func allowed(name string, args ...specs.LinuxSeccompArg) specs.LinuxSyscall {
	return specs.LinuxSyscall{Names: []string{name}, Action: specs.ActAllow, Args: args}
}

func equal(index uint, value uint64) specs.LinuxSeccompArg {
	return specs.LinuxSeccompArg{Index: index, Value: value, Op: specs.OpEqualTo}
}

// native is the node's own architecture without its 32-bit ones. An empty list
// means the same to a delegate.
func native(goarch string) []specs.Arch {
	switch goarch {
	case "amd64":
		return []specs.Arch{specs.ArchX86_64}
	case "arm64":
		return []specs.Arch{specs.ArchAARCH64}
	}
	return nil
}

// explicitFlags is a flag without effect where the delegate knows it: without
// any, runc 1.2 and later sets SPEC_ALLOW, which switches off a mitigation
// (attack row 19). runc 1.1 knows no flag and refuses them.
func explicitFlags(c *Case) []specs.LinuxSeccompFlag {
	if slices.Contains(c.Facts.Delegate.SeccompFlags, string(seccomp.FlagTSync)) {
		return []specs.LinuxSeccompFlag{seccomp.FlagTSync}
	}
	return nil
}
