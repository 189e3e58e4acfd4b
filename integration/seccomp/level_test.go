package seccomp_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	engine "github.com/containerd/containerd/v2/contrib/seccomp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/seccomp"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// specAllow is SECCOMP_FILTER_FLAG_SPEC_ALLOW. Source: linux/seccomp.h.
const specAllow = 1 << 2

func containerds(capabilities ...string) *specs.LinuxSeccomp {
	return engine.DefaultProfile(&specs.Spec{
		Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: capabilities}},
		Linux:   new(specs.Linux),
	})
}

// runc switches off a mitigation where a filter names no flag (attack row 19).
func TestNoLevelSwitchesOffMitigations(t *testing.T) {
	c := compiler(t)
	if _, flags, err := c.Compile(containerds()); err != nil || flags&specAllow == 0 {
		t.Fatalf("the engine's filter is loaded with flags %#x (%v), which shows nothing", flags, err)
	}
	for _, level := range []tenant.Level{tenant.Privileged, tenant.Baseline, tenant.Restricted} {
		_, flags, err := c.Compile(rewritten(t, level, nil, containerds()))
		if err != nil || flags&specAllow != 0 {
			t.Errorf("%s: flags %#x (%v)", level, flags, err)
		}
	}
}

// What programs ask, and what they get from the kernel's filter.
func TestLevelsAnswer(t *testing.T) {
	c := compiler(t)
	const high = 1 << 32 // what the kernel does not look at
	yes, no := seccomp.Answer{Class: seccomp.Allow}, seccomp.Answer{Class: seccomp.Error, Errno: uint16(unix.EPERM)}
	none := seccomp.Answer{Class: seccomp.Error, Errno: uint16(unix.ENOSYS)}
	unsupported := seccomp.Answer{Class: seccomp.Error, Errno: uint16(unix.EPROTONOSUPPORT)}
	var programs []seccomp.Program
	for _, filter := range []*specs.LinuxSeccomp{
		containerds(), rewritten(t, tenant.Baseline, nil, containerds()), rewritten(t, tenant.Restricted, nil, containerds()),
	} {
		p, _, err := c.Compile(filter)
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	for _, q := range []struct {
		name                         string
		number                       uint32
		args                         [6]uint64
		engine, baseline, restricted seccomp.Answer
	}{
		{"read", unix.SYS_READ, [6]uint64{}, yes, yes, yes},
		{"ioctl TCGETS", unix.SYS_IOCTL, [6]uint64{0, unix.TCGETS}, yes, yes, yes},
		{"ioctl TIOCSTI", unix.SYS_IOCTL, [6]uint64{0, unix.TIOCSTI}, yes, no, no},
		{"ioctl TIOCSTI with a high bit", unix.SYS_IOCTL, [6]uint64{0, high | unix.TIOCSTI}, yes, no, no},
		{"ioctl TIOCLINUX", unix.SYS_IOCTL, [6]uint64{2, 0x541c}, yes, no, no},
		{"ioctl of a driver", unix.SYS_IOCTL, [6]uint64{3, 0xc0285412}, yes, yes, yes},
		{"socket unix", unix.SYS_SOCKET, [6]uint64{unix.AF_UNIX}, yes, yes, yes},
		{"socket packet", unix.SYS_SOCKET, [6]uint64{unix.AF_PACKET}, yes, no, no},
		{"socket alg", unix.SYS_SOCKET, [6]uint64{unix.AF_ALG}, no, no, no},
		{"socket rxrpc", unix.SYS_SOCKET, [6]uint64{unix.AF_RXRPC}, yes, no, no},
		{"socket xdp", unix.SYS_SOCKET, [6]uint64{unix.AF_XDP}, yes, no, no},
		{"netlink route", unix.SYS_SOCKET, [6]uint64{unix.AF_NETLINK, 3, unix.NETLINK_ROUTE}, yes, yes, yes},
		{"netlink xfrm", unix.SYS_SOCKET, [6]uint64{unix.AF_NETLINK, 3, unix.NETLINK_XFRM}, yes, no, no},
		{"netlink netfilter", unix.SYS_SOCKET, [6]uint64{unix.AF_NETLINK, 3, unix.NETLINK_NETFILTER}, yes, no, no},
		{"netlink audit", unix.SYS_SOCKET, [6]uint64{unix.AF_NETLINK, 3, unix.NETLINK_AUDIT}, yes, yes, unsupported},
		{"netlink uevent", unix.SYS_SOCKET, [6]uint64{unix.AF_NETLINK, 3, unix.NETLINK_KOBJECT_UEVENT}, yes, yes, no},
		{"a thread", unix.SYS_CLONE, [6]uint64{0x3d0f00}, yes, yes, yes},
		{"clone with a user namespace", unix.SYS_CLONE, [6]uint64{unix.CLONE_NEWUSER | 17}, no, no, no},
		{"clone3", unix.SYS_CLONE3, [6]uint64{}, none, none, none},
		{"unshare", unix.SYS_UNSHARE, [6]uint64{unix.CLONE_NEWUSER}, no, no, no},
		{"io_uring_setup", unix.SYS_IO_URING_SETUP, [6]uint64{}, no, no, no},
		{"userfaultfd", unix.SYS_USERFAULTFD, [6]uint64{}, no, no, no},
		{"keyctl", unix.SYS_KEYCTL, [6]uint64{}, no, no, no},
		{"bpf", unix.SYS_BPF, [6]uint64{}, no, no, no},
		{"perf_event_open", unix.SYS_PERF_EVENT_OPEN, [6]uint64{}, no, no, no},
		{"name_to_handle_at", unix.SYS_NAME_TO_HANDLE_AT, [6]uint64{}, yes, no, no},
		{"open_by_handle_at", unix.SYS_OPEN_BY_HANDLE_AT, [6]uint64{}, no, no, no},
		{"process_vm_readv", unix.SYS_PROCESS_VM_READV, [6]uint64{}, yes, no, no},
		{"pidfd_getfd", unix.SYS_PIDFD_GETFD, [6]uint64{}, no, no, no},
		{"kcmp", unix.SYS_KCMP, [6]uint64{}, no, no, no},
		{"ptrace", unix.SYS_PTRACE, [6]uint64{}, yes, yes, yes},
		{"modify_ldt", unix.SYS_MODIFY_LDT, [6]uint64{}, yes, no, no},
		{"personality without randomisation", unix.SYS_PERSONALITY, [6]uint64{0x40000}, no, no, no},
		{"sync", unix.SYS_SYNC, [6]uint64{}, yes, yes, no},
		{"fsync", unix.SYS_FSYNC, [6]uint64{}, yes, yes, yes},
		{"shmget", unix.SYS_SHMGET, [6]uint64{}, yes, yes, yes},
		{"a call of the future", 600, [6]uint64{}, none, none, none},
	} {
		call := &seccomp.Call{Number: q.number, Architecture: unix.AUDIT_ARCH_X86_64, Args: q.args}
		for i, want := range []seccomp.Answer{q.engine, q.baseline, q.restricted} {
			if got := programs[i].Answer(call); got != want {
				t.Errorf("%s, by %s: %+v, want %+v", q.name, []string{"the engine", "baseline", "restricted"}[i], got, want)
			}
		}
	}
}

// What a delegate's libseccomp does not know it skips. As the meet names what is
// allowed, that denies more, never less.
func TestMeetWithUnknownNamesDeniesMore(t *testing.T) {
	c := compiler(t)
	r := rand.New(rand.NewPCG(*seeds, 1))
	filters := []*specs.LinuxSeccomp{rewritten(t, tenant.Baseline, []string{"CAP_SYS_ADMIN"}, containerds("CAP_SYS_ADMIN")), rewritten(t, tenant.Restricted, nil, nil)}
	lost := 0
	for range 40 {
		for _, whole := range filters {
			known := forget(r, whole)
			n, err := c.NotMore(known, whole)
			if err != nil {
				t.Errorf("%v\nof %s", err, text(known))
			}
			lost += n
		}
	}
	t.Logf("%d calls were denied since their names were not known", lost)
	if lost == 0 {
		t.Error("no name was forgotten, which shows nothing")
	}
}

// forget returns the filter with some names that nobody knows.
func forget(r *rand.Rand, f *specs.LinuxSeccomp) *specs.LinuxSeccomp {
	less := *f
	less.Syscalls = slices.Clone(f.Syscalls)
	for i, group := range less.Syscalls {
		names := slices.Clone(group.Names)
		for j := range names {
			if r.IntN(20) == 0 {
				names[j] = "unknown_" + names[j]
			}
		}
		less.Syscalls[i].Names = names
	}
	return &less
}
