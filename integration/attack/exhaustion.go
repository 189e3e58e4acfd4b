package attack

// Using up what is shared, and listening at it.
var exhaustion = []Row{
	{Number: "48", Attack: "Forks, memory, tmpfs and huge pages without end", Stops: "pids, memory, hugepages, mounts; the tenant's cgroup", Tested: "TestTwoContainersCannotPassTheirTenantsPids, TestTwoContainersCannotPassTheirTenantsMemory, TestHugepagesOfATenantBindItsContainersTogether"},
	{Number: "49", Attack: "What the kernel counts by user: inotify instances, namespaces, queues", Stops: "userlimits, rlimits", Untried: "a container without a user namespace shares the node's count; docs/isolators.md says so"},
	{Number: "50", Attack: "All blocks and inodes of a disk; logs and core files", Stops: "rlimits: no core files", Untried: "no quota yet: limits.ephemeral-storage and inodes are refused by apply"},
	{Number: "51", Attack: "Work that nobody is charged for: sync, core dumps", Stops: "rlimits; seccomp at level restricted", Tries: []Try{
		{Technique: "sync", Privileged: "ok", Stock: "ok", Bulkhead: "ok"},
	}, Untried: "baseline keeps sync, as programs call it; restricted answers it with EPERM"},
	{Number: "52", Attack: "Real-time scheduling, I/O priorities, immunity from the OOM killer", Stops: "scheduling, oomscore, capabilities", Tries: []Try{
		{Technique: "sched-fifo", Privileged: "ok|EPERM", Stock: "EPERM", Bulkhead: "EPERM", Below: "a cgroup v1 without real-time budget, or root without CAP_SYS_NICE"},
		{Technique: "ioprio-rt", Privileged: "ok", Stock: "EPERM", Bulkhead: "EPERM"},
		{Technique: "nice", Privileged: "ok", Stock: "EACCES", Bulkhead: "EACCES"},
	}},
	{Number: "53", Attack: "Listening at a sibling thread or a shared cache", Stops: "cpus: Exclusive", Tested: "TestExclusiveTenantHasItsCoresAlone", Untried: "no cookie for core scheduling yet"},
	{Number: "54", Attack: "Pages that two containers share: which files a neighbour reads", Stops: "nothing", Untried: "not defended: containers of the same image share its pages"},
}
