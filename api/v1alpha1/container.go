package v1alpha1

import "k8s.io/apimachinery/pkg/api/resource"

// Container bounds each container of a tenant.
type Container struct {
	// default is what a container gets that asks for nothing; it never exceeds
	// max. Default: max.
	Default ContainerDefault `json:"default,omitzero"`
	// max is the most that a container may have; a container that asks for more
	// gets max. It never exceeds the tenant's limits. Default: the tenant's limits.
	Max ContainerMax `json:"max,omitzero"`
	// rlimits bound the resource limits of processes, by the names of
	// getrlimit(2) in lower case without RLIMIT_: nofile, nproc, core.
	// Default: core is 0 at the levels baseline and restricted.
	Rlimits map[string]Rlimit `json:"rlimits,omitempty"`
}

// ContainerDefault is what a container gets that asks for nothing.
type ContainerDefault struct {
	// cpu is CPU time, in CPUs. Default: max.cpu.
	CPU *resource.Quantity `json:"cpu,omitempty"`
	// memory is memory, in bytes. Default: max.memory.
	Memory *resource.Quantity `json:"memory,omitempty"`
	// pids is the number of tasks. Default: max.pids.
	Pids *int64 `json:"pids,omitempty"`
}

// ContainerMax is the most that a container may have.
type ContainerMax struct {
	// cpu is CPU time, in CPUs. Default: the tenant's limits.cpu.
	CPU *resource.Quantity `json:"cpu,omitempty"`
	// memory is memory, in bytes. Default: the tenant's limits.memory.
	Memory *resource.Quantity `json:"memory,omitempty"`
	// pids is the number of tasks. Default: the tenant's limits.pids.
	Pids *int64 `json:"pids,omitempty"`
	// shm is the size of /dev/shm, in bytes. Default: not bounded.
	Shm *resource.Quantity `json:"shm,omitempty"`
	// bandwidth bounds the container's network traffic. Default: the tenant's
	// limits.bandwidth.
	Bandwidth Bandwidth `json:"bandwidth,omitzero"`
	// connections is the number of network connections. Default: 16384, or the
	// tenant's limits.connections if they are fewer.
	Connections *int64 `json:"connections,omitempty"`
	// logBytesPerSecond bounds what is written to the container's log, in bytes a
	// second. Default: not bounded.
	LogBytesPerSecond *resource.Quantity `json:"logBytesPerSecond,omitempty"`
}

// Rlimit is a pair of resource limits, in the unit of getrlimit(2): bytes,
// seconds or a count.
type Rlimit struct {
	// soft is what a process starts with; it may raise it up to hard.
	// Default: hard.
	Soft *resource.Quantity `json:"soft,omitempty"`
	// hard is the most that a process may have.
	Hard *resource.Quantity `json:"hard"`
}
