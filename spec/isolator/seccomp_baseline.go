package isolator

import (
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/seccomp"
)

// baselineProfile is the default filter of containerd 2.4.2 (Apache-2.0,
// contrib/seccomp/seccomp_default.go), less what programs in containers do not
// need and attacks do (attack rows 29 to 36, 41, 42):
//
//	process_vm_readv, process_vm_writev   reading and writing other processes
//	modify_ldt                            the 16-bit segments of x86
//	name_to_handle_at                     handles of files, for open_by_handle_at
//	memfd_secret                          memory that no limit can reclaim
//	vmsplice                              references to the pages of others
//	socket families                       but unix, inet, inet6, netlink and, with CAP_NET_RAW, packet
//	32-bit programs                       a second entry to the kernel, with a filter of its own
//
// Kept on purpose: ptrace, which debuggers and gVisor need and which the kernel
// confines to the container, landlock, seccomp and io_submit.
func baselineProfile(c *Case) *specs.LinuxSeccomp {
	p := commonProfile(c)
	p.Syscalls = append(p.Syscalls, allowed("sync"), allowed("socket", equal(0, afNetlink)))
	if mayHave(c, "CAP_SYS_ADMIN") {
		p.Syscalls = append(p.Syscalls, allowed("clone"), allowed("clone3"), allowed("setns"), allowed("unshare"))
		return p
	}
	return withoutNamespaces(p)
}

// Address families. Source: linux/socket.h.
const (
	afUnix    = 1
	afInet    = 2
	afInet6   = 10
	afNetlink = 16
	afPacket  = 17
)

// commonProfile is what both levels have.
func commonProfile(c *Case) *specs.LinuxSeccomp {
	p := &specs.LinuxSeccomp{
		DefaultAction: specs.ActErrno,
		Architectures: native(c.Facts.Node.Architecture),
		Syscalls:      []specs.LinuxSyscall{{Names: baselineCalls, Action: specs.ActAllow}},
	}
	families := []uint64{afUnix, afInet, afInet6}
	if mayHave(c, "CAP_NET_RAW") {
		families = append(families, afPacket)
	}
	for _, f := range families {
		p.Syscalls = append(p.Syscalls, allowed("socket", equal(0, f)))
	}
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

// personalities are PER_LINUX and PER_LINUX32, each with and without UNAME26,
// and the question for the current one. None switches off address space
// randomisation. Source: linux/personality.h.
var personalities = []uint64{0, 0x8, 0x20000, 0x20008, 0xffffffff}

// withoutNamespaces permits clone without a new namespace. The flags of clone3
// are behind a pointer: ENOSYS makes a libc use clone (moby PR 42681).
func withoutNamespaces(p *specs.LinuxSeccomp) *specs.LinuxSeccomp {
	const newNamespaces = 0x7e020000 // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
	enosys := uint(38)
	p.Syscalls = append(p.Syscalls,
		allowed("clone", specs.LinuxSeccompArg{Index: 0, Value: newNamespaces, Op: specs.OpMaskedEqual}),
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

// baselineCalls are allowed whatever their arguments. Names of 32-bit calls are
// left out: only the native architecture has a filter.
var baselineCalls = []string{
	"accept", "accept4", "access", "adjtimex", "alarm", "arch_prctl", "bind", "brk", "cachestat", "capget", "capset", "chdir",
	"chmod", "chown", "clock_adjtime", "clock_getres", "clock_gettime", "clock_nanosleep", "close", "close_range", "connect",
	"copy_file_range", "creat", "dup", "dup2", "dup3", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait",
	"epoll_pwait2", "epoll_wait", "epoll_wait_old", "eventfd", "eventfd2", "execve", "execveat", "exit", "exit_group", "faccessat",
	"faccessat2", "fadvise64", "fallocate", "fanotify_mark", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchownat",
	"fcntl", "fdatasync", "fgetxattr", "flistxattr", "flock", "fork", "fremovexattr", "fsetxattr", "fstat", "fstatfs", "fsync",
	"ftruncate", "futex", "futex_requeue", "futex_wait", "futex_waitv", "futex_wake", "futimesat", "get_robust_list",
	"get_thread_area", "getcpu", "getcwd", "getdents", "getdents64", "getegid", "geteuid", "getgid", "getgroups", "getitimer",
	"getpeername", "getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getrandom", "getresgid", "getresuid", "getrlimit",
	"getrusage", "getsid", "getsockname", "getsockopt", "gettid", "gettimeofday", "getuid", "getxattr", "getxattrat",
	"inotify_add_watch", "inotify_init", "inotify_init1", "inotify_rm_watch", "io_cancel", "io_destroy", "io_getevents",
	"io_pgetevents", "io_setup", "io_submit", "ioctl", "ioprio_get", "ioprio_set", "kill", "landlock_add_rule",
	"landlock_create_ruleset", "landlock_restrict_self", "lchown", "lgetxattr", "link", "linkat", "listen", "listmount", "listxattr",
	"listxattrat", "llistxattr", "lremovexattr", "lseek", "lsetxattr", "lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr",
	"lstat", "madvise", "map_shadow_stack", "membarrier", "memfd_create", "mincore", "mkdir", "mkdirat", "mknod", "mknodat", "mlock",
	"mlock2", "mlockall", "mmap", "mprotect", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend", "mq_unlink",
	"mremap", "mseal", "msgctl", "msgget", "msgrcv", "msgsnd", "msync", "munlock", "munlockall", "munmap", "nanosleep", "newfstatat",
	"open", "openat", "openat2", "pause", "pidfd_open", "pidfd_send_signal", "pipe", "pipe2", "pkey_alloc", "pkey_free",
	"pkey_mprotect", "poll", "ppoll", "prctl", "pread64", "preadv", "preadv2", "prlimit64", "process_mrelease", "pselect6", "ptrace",
	"pwrite64", "pwritev", "pwritev2", "read", "readahead", "readlink", "readlinkat", "readv", "recvfrom", "recvmmsg", "recvmsg",
	"remap_file_pages", "removexattr", "removexattrat", "rename", "renameat", "renameat2", "restart_syscall", "rmdir", "rseq",
	"rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait",
	"rt_tgsigqueueinfo", "sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
	"sched_getscheduler", "sched_rr_get_interval", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler",
	"sched_yield", "seccomp", "select", "semctl", "semget", "semop", "semtimedop", "sendfile", "sendmmsg", "sendmsg", "sendto",
	"set_robust_list", "set_thread_area", "set_tid_address", "setfsgid", "setfsuid", "setgid", "setgroups", "setitimer", "setpgid",
	"setpriority", "setregid", "setresgid", "setresuid", "setreuid", "setrlimit", "setsid", "setsockopt", "setuid", "setxattr",
	"setxattrat", "shmat", "shmctl", "shmdt", "shmget", "shutdown", "sigaltstack", "signalfd", "signalfd4", "socketpair", "splice",
	"stat", "statfs", "statmount", "statx", "symlink", "symlinkat", "sync_file_range", "syncfs", "sysinfo", "tee", "tgkill", "time",
	"timer_create", "timer_delete", "timer_getoverrun", "timer_gettime", "timer_settime", "timerfd_create", "timerfd_gettime",
	"timerfd_settime", "times", "tkill", "truncate", "umask", "uname", "unlink", "unlinkat", "uretprobe", "utime", "utimensat",
	"utimes", "vfork", "wait4", "waitid", "write", "writev",
}
