package attack

// Walking around the rewrite.
var around = []Row{
	{Number: "1", Attack: "Properties for systemd in annotations (CVE-2024-3154)", Stops: "annotations"},
	{Number: "2", Attack: "Annotations that crun acts on: another filter, a library to load, files of the host", Stops: "annotations; the delegate's fixed environment", Tested: "TestATenantChoosesCrun"},
	{Number: "3", Attack: "LD_PRELOAD of an image in a hook of the host (CVE-2025-23266)", Stops: "ocihooks"},
	{Number: "4", Attack: "Hooks smuggled in (CVE-2026-53492)", Stops: "ocihooks", Tested: "TestRefusedContainerLeavesNoTrace"},
	{Number: "5", Attack: "An image's label becomes a logger that root runs (CVE-2026-53488)", Stops: "stdio", Tested: "TestExecCannotLogToAProgram"},
	{Number: "6", Attack: "Another delegate, or a weaker one, by the runtime's options", Stops: "options", Tested: "TestRefusedContainerLeavesNoTrace"},
	{Number: "7", Attack: "More capabilities after the start, by exec", Stops: "capabilities, privileges, identity", Tested: "TestExecCannotRaiseItsRights"},
	{Number: "8", Attack: "Limits lifted after the start, by update", Stops: "cpu, memory, pids, unified, throttle", Tested: "TestUpdateCannotLeaveTheTenant"},
	{Number: "9", Attack: "A checkpoint that brings its own credentials and filter (CVE-2024-8676)", Stops: "checkpoint", Tested: "TestRestoreFromACheckpointIsRefused"},
	{Number: "10", Attack: "Into another tenant's shim by its group", Stops: "the shim's grouping by tenant", Tested: "TestAuditDoesNotShareShims"},
	{Number: "11", Attack: "The shim's API by an abstract socket (CVE-2020-15257)", Stops: "namespaces; sockets of shims are files", Tries: []Try{
		{Technique: "shim-sockets", Privileged: "none", Stock: "none", Bulkhead: "none", Below: "no shim of containerd 1.6 or later listens on one"},
	}},
	{Number: "12", Attack: "Out of the tenant's cgroup by its path (CVE-2025-47291)", Stops: "cgrouppath", Tested: "TestContainerIsBelowItsTenantsCgroup"},
	{Number: "13", Attack: "Files of the cgroup that override limits", Stops: "unified", Tested: "TestUpdateCannotLeaveTheTenant"},
	{Number: "14", Attack: "Another's namespace by its path, or by a link that is exchanged later", Stops: "namespaces"},
	{Number: "15", Attack: "A network interface of the host", Stops: "netdevices", Untried: "runc knows it from 1.4 on, and it is refused before any delegate sees it"},
	{Number: "16", Attack: "Root by a number that wraps or that the image's passwd turns into another (CVE-2024-40635, CVE-2026-46680)", Stops: "identity"},
	{Number: "17", Attack: "IDs that overlap another tenant's, or the host's root", Stops: "userns, mounts"},
	{Number: "18", Attack: "A newline in HOME that forges lines of passwd (CVE-2022-4318)", Stops: "identity"},
	{Number: "19", Attack: "A listener for system calls on a socket of the host; flags that switch a mitigation off", Stops: "seccomp"},
}
