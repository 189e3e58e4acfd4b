package attack

import "slices"

// Entry points of the kernel.
var kernel = []Row{
	{Number: "27", Attack: "cgroup v1's release_agent (CVE-2022-0492)", Stops: "capabilities, seccomp, userlimits", Tries: []Try{
		{Technique: "mount-cgroup", Privileged: "ok|EPERM", Stock: "EPERM", Bulkhead: "EPERM", Below: "a node with cgroup v2 has no hierarchy of v1"},
	}},
	{Number: "28", Attack: "Writing to the tree of cgroups (CVE-2023-25809)", Stops: "mounts, namespaces", Tries: []Try{
		{Technique: "cgroup-procs", Privileged: "ok", Stock: "ok", Bulkhead: "EROFS"},
	}},
	{Number: "29", Attack: "A user namespace of its own, and what root may reach in it (CVE-2024-1086, CVE-2022-0185, CVE-2023-0386)", Stops: "seccomp, userlimits", Tries: []Try{
		{Technique: "unshare-user", Privileged: "ok", Stock: "EPERM", Bulkhead: "EPERM"},
		{Technique: "unshare-mount", Privileged: "ok", Stock: "EPERM", Bulkhead: "EPERM"},
		{Technique: "clone3", Privileged: "ok", Stock: "ENOSYS", Bulkhead: "ENOSYS"},
		{Technique: "setns", Privileged: "ok", Stock: "EPERM", Bulkhead: "EPERM"},
	}},
	{Number: "30", Attack: "Raw packets (CVE-2020-14386, CVE-2017-7308)", Stops: "capabilities, seccomp", Tries: []Try{
		{Technique: "socket:17", Privileged: "ok", Stock: "ok", Bulkhead: "EPERM"},
		{Technique: "socket:44", Privileged: "ok", Stock: "ok", Bulkhead: "EPERM"},
	}},
	{Number: "31", Attack: "Families of sockets with a history (CVE-2026-31431, CVE-2026-43500, CVE-2026-43284)", Stops: "seccomp", Tries: []Try{
		{Technique: "socket:38", Privileged: "ok|EAFNOSUPPORT", Stock: "EPERM", Bulkhead: "EPERM", Below: "a kernel without AF_ALG"},
		{Technique: "socket:40", Privileged: "ok|EAFNOSUPPORT", Stock: "EPERM", Bulkhead: "EPERM", Below: "a kernel without AF_VSOCK"},
		{Technique: "socket:16:0", Privileged: "ok", Stock: "ok", Bulkhead: "ok"},
		{Technique: "socket:2", Privileged: "ok", Stock: "ok", Bulkhead: "ok"},
	}},
	{Number: "32", Attack: "io_uring, a second surface that no filter sees", Stops: "seccomp", Tries: denied("io_uring_setup", "io_uring_enter", "io_uring_register")},
	{Number: "33", Attack: "userfaultfd, which stretches races of the kernel", Stops: "seccomp", Tries: denied("userfaultfd")},
	{Number: "34", Attack: "Keyrings: a neighbour's keys, or all of the quota", Stops: "seccomp, userns", Tries: denied("keyctl", "add_key")},
	{Number: "35", Attack: "Programs in the kernel, and its counters", Stops: "capabilities, seccomp", Tries: denied("bpf", "perf_event_open")},
	{Number: "36", Attack: "Files by their handle (Shocker)", Stops: "capabilities, seccomp", Tries: []Try{
		{Technique: "open_by_handle_at", Privileged: "ok", Stock: "EPERM", Bulkhead: "EPERM"},
		{Technique: "name_to_handle_at", Privileged: "ok", Stock: "ok", Bulkhead: "EPERM"},
	}},
	{Number: "37", Attack: "The node's disks and memory", Stops: "devices, capabilities", Tries: []Try{
		{Technique: "mknod:b:254:0", Privileged: "ok|EPERM|ENXIO", Stock: "EPERM", Bulkhead: "EPERM", Below: nestedMachine},
		{Technique: "mknod:c:1:1", Privileged: "ok|EPERM", Stock: "EPERM", Bulkhead: "EPERM", Below: nestedMachine},
		{Technique: "mknod:c:1:3", Privileged: "ok|EPERM", Stock: "ok", Bulkhead: "ok", Below: nestedMachine},
	}},
	{Number: "38", Attack: "Sysctls of the node, and a value that sets another (CVE-2022-0811)", Stops: "sysctl, paths", Tries: []Try{
		{Technique: "write:/proc/sys/vm/drop_caches", Privileged: "ok", Stock: "EROFS", Bulkhead: "EROFS"},
		{Technique: "write:/proc/sys/kernel/panic", Privileged: "ok", Stock: "EROFS", Bulkhead: "EROFS"},
	}},
	{Number: "39", Attack: "What locates the host, or shows its load", Stops: "paths", Tries: append(shown(
		"/proc/kallsyms", "/proc/softirqs", "/proc/diskstats", "/proc/partitions", "/proc/slabinfo", "/proc/cmdline", "/proc/key-users",
	), Try{Technique: "read:/proc/interrupts", Privileged: "ok", Stock: "empty", Bulkhead: "empty"})},
	{Number: "40", Attack: "The kernel's log", Stops: "capabilities, seccomp, devices", Tries: []Try{
		{Technique: "syslog", Privileged: "ok", Stock: "EPERM", Bulkhead: "EPERM"},
		{Technique: "mknod:c:1:11", Privileged: "ok|EPERM", Stock: "EPERM", Bulkhead: "EPERM", Below: nestedMachine},
	}},
	{Number: "41", Attack: "Into other processes' memory and files", Stops: "namespaces, userns, seccomp", Tries: append(
		open("process_vm_readv", "process_vm_writev"), denied("pidfd_getfd", "kcmp")...)},
	{Number: "42", Attack: "Odd ways to run: no random addresses, 16 and 32 bits", Stops: "seccomp, personality", Tries: append(
		open("modify_ldt"), Try{Technique: "personality", Privileged: "ok", Stock: "EPERM", Bulkhead: "EPERM"})},
	{Number: "42b", Attack: "What no container has a use for: modules, another kernel, accounting, secret memory", Stops: "capabilities, seccomp", Tries: slices.Concat(
		denied("acct", "swapon", "quotactl", "mount", "fsopen", "open_tree", "move_mount"), open("vmsplice"),
		[]Try{
			{Technique: "memfd_secret", Privileged: "ok|ENOSYS", Stock: "ok|ENOSYS", Bulkhead: "EPERM", Below: "a kernel that was booted without it"},
			{Technique: "kexec_load", Privileged: "ok|ENOSYS", Stock: "EPERM", Bulkhead: "EPERM", Below: "a kernel without kexec"},
			{Technique: "init_module", Privileged: "ok|ENOSYS", Stock: "EPERM", Bulkhead: "EPERM", Below: "a kernel without modules"},
		})},
}

// nestedMachine is the reason on a machine that is a container itself.
const nestedMachine = "a machine that is itself in a container may not make it"

// denied are techniques that containerd's own filter stops too.
func denied(techniques ...string) []Try { return tries(techniques, "EPERM") }

// open are techniques that containerd's own filter leaves open.
func open(techniques ...string) []Try { return tries(techniques, "ok") }

func tries(techniques []string, stock string) (all []Try) {
	for _, t := range techniques {
		all = append(all, Try{Technique: t, Privileged: "ok", Stock: stock, Bulkhead: "EPERM"})
	}
	return all
}

// shown are files that a stock container reads.
func shown(paths ...string) (all []Try) {
	for _, p := range paths {
		all = append(all, Try{Technique: "read:" + p, Privileged: "ok", Stock: "ok", Bulkhead: "empty"})
	}
	return all
}
