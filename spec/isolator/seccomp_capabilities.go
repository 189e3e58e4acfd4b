package isolator

// gatedCalls are of use with a capability only; a tenant that may have it gets
// them, as in the engines' default filter (containerd 2.4.2,
// contrib/seccomp/seccomp_default.go). What CAP_SYS_ADMIN opens besides
// depends on the level.
var gatedCalls = []struct {
	capability string
	calls      []string
}{
	{"CAP_BPF", []string{"bpf"}},
	{"CAP_DAC_READ_SEARCH", []string{"name_to_handle_at", "open_by_handle_at"}},
	{"CAP_PERFMON", []string{"perf_event_open"}},
	{"CAP_SYS_ADMIN", []string{
		"bpf", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick", "lookup_dcookie", "mount", "mount_setattr", "move_mount",
		"open_tree", "perf_event_open", "quotactl", "quotactl_fd", "setdomainname", "sethostname", "syslog", "umount2",
	}},
	{"CAP_SYS_BOOT", []string{"reboot"}},
	{"CAP_SYS_CHROOT", []string{"chroot"}},
	{"CAP_SYS_MODULE", []string{"delete_module", "finit_module", "init_module"}},
	{"CAP_SYS_NICE", []string{"get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"}},
	{"CAP_SYS_PACCT", []string{"acct"}},
	{"CAP_SYS_PTRACE", []string{"kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev"}},
	{"CAP_SYS_RAWIO", []string{"ioperm", "iopl"}},
	{"CAP_SYS_TIME", []string{"clock_settime", "settimeofday"}},
	{"CAP_SYS_TTY_CONFIG", []string{"vhangup"}},
	{"CAP_SYSLOG", []string{"syslog"}},
}
