package spec

// Passthrough holds what reaches the delegate as it came, with the reason. Every
// other part of a Request is owned by one isolator. A test compares both with the
// types of runtime-spec: a new field fails it until somebody decides.
var Passthrough = map[string]string{
	"/spec/process/args":         "what runs is the workload's choice; every right of it is decided elsewhere",
	"/spec/process/terminal":     "a terminal is the container's own pseudo terminal",
	"/spec/process/consoleSize":  "the size of that terminal",
	"/spec/linux/resources/rdma": "a limit of RDMA only takes away, and no tenant has one; the adapter itself is a device",
}
