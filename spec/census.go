package spec

// Every part of a Request is owned by one isolator, or stands in one of these
// two lists. A test compares them with the types of runtime-spec: a new field
// fails it until somebody decides.

// Passthrough holds what reaches the delegate as it came, with the reason.
var Passthrough = map[string]string{
	"/spec/process/args":        "what runs is the workload's choice; every right of it is decided elsewhere",
	"/spec/process/terminal":    "a terminal is the container's own pseudo terminal",
	"/spec/process/consoleSize": "the size of that terminal",
}

// Undecided holds what no isolator owns yet. It may only shrink.
var Undecided = []string{
	"/spec/process/user",
	"/spec/process/env",
	"/spec/process/cwd",
	"/spec/process/scheduler",
	"/spec/process/ioPriority",
	"/spec/process/execCPUAffinity",
	"/spec/process/commandLine",
	"/spec/mounts",
	"/spec/linux/uidMappings",
	"/spec/linux/gidMappings",
	"/spec/linux/sysctl",
	"/spec/linux/resources/devices",
	"/spec/linux/resources/network",
	"/spec/linux/resources/rdma",
	"/spec/linux/devices",
	"/spec/linux/netDevices",
	"/spec/linux/rootfsPropagation",
	"/spec/linux/maskedPaths",
	"/spec/linux/readonlyPaths",
	"/spec/linux/intelRdt",
	"/spec/linux/memoryPolicy",
	"/spec/linux/personality",
	"/spec/linux/timeOffsets",
	"/spec/solaris",
	"/spec/windows",
	"/spec/vm",
	"/spec/zos",
	"/spec/freebsd",
}
