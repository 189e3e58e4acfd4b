package v1alpha1

import "k8s.io/apimachinery/pkg/api/resource"

// Requests are kept for somebody.
type Requests struct {
	// cpu is what it gets however busy the node is, in CPUs ("500m" is half a
	// CPU). A tenant's is a floor under the share that its weight gives: apply
	// refuses weights that give less when all siblings are busy. Default: none.
	CPU *resource.Quantity `json:"cpu,omitempty"`
	// memory is what is not reclaimed for others, in bytes. At least 4Mi.
	// Default: none.
	Memory *resource.Quantity `json:"memory,omitempty"`
}

// Limits bound a whole tenant on this node.
type Limits struct {
	// cpu is the CPU time of all containers together, in CPUs: "4", or "500m"
	// for half a CPU. At least 10m. Default: not bounded.
	CPU *resource.Quantity `json:"cpu,omitempty"`
	// memory is the memory of all containers together, in bytes: 8Gi. At least
	// 4Mi. Default: not bounded.
	Memory *resource.Quantity `json:"memory,omitempty"`
	// swap is what may be swapped out beyond memory, in bytes. Default: "0".
	Swap *resource.Quantity `json:"swap,omitempty"`
	// pids is the number of tasks (processes and threads) of all containers
	// together. Default: 4096.
	Pids *int64 `json:"pids,omitempty"`
	// containers is the number of containers, over all engines and with those of
	// the tenants below. Default: not bounded.
	Containers *int64 `json:"containers,omitempty"`
	// hugepages-64Ki bounds huge pages of 64 KiB, in bytes, a multiple of the
	// page's size. Default: not bounded.
	Hugepages64Ki *resource.Quantity `json:"hugepages-64Ki,omitempty"`
	// hugepages-2Mi bounds huge pages of 2 MiB, in bytes, a multiple of the
	// page's size. Default: not bounded.
	Hugepages2Mi *resource.Quantity `json:"hugepages-2Mi,omitempty"`
	// hugepages-32Mi bounds huge pages of 32 MiB, in bytes, a multiple of the
	// page's size. Default: not bounded.
	Hugepages32Mi *resource.Quantity `json:"hugepages-32Mi,omitempty"`
	// hugepages-1Gi bounds huge pages of 1 GiB, in bytes, a multiple of the
	// page's size. Default: not bounded.
	Hugepages1Gi *resource.Quantity `json:"hugepages-1Gi,omitempty"`
	// ephemeral-storage is the disk space of the containers' writable layers and
	// logs, in bytes. Default: not bounded.
	EphemeralStorage *resource.Quantity `json:"ephemeral-storage,omitempty"`
	// inodes is the number of files of the containers' writable layers.
	// Default: not bounded.
	Inodes *int64 `json:"inodes,omitempty"`
	// bandwidth bounds the network traffic of all containers together, with those
	// of the tenants below; what one leaves idle the others may use. What passes
	// between two bounded containers of this node counts as sent. Default: not
	// bounded.
	Bandwidth Bandwidth `json:"bandwidth,omitzero"`
	// connections is the number of network connections of all containers
	// together. Default: 65536.
	Connections *int64 `json:"connections,omitempty"`
	// blockIO bounds the tenant's use of block devices, one entry a device, with
	// at least one bound each. Default: not bounded.
	BlockIO []BlockIO `json:"blockIO,omitempty"`
}

// Bandwidth bounds network traffic.
type Bandwidth struct {
	// ingressBitsPerSecond bounds what is received, in bits a second of Ethernet
	// frames (500M). At least 64k. Default: not bounded.
	IngressBitsPerSecond *resource.Quantity `json:"ingressBitsPerSecond,omitempty"`
	// egressBitsPerSecond bounds what is sent, in bits a second of Ethernet
	// frames (500M). At least 64k. Default: not bounded.
	EgressBitsPerSecond *resource.Quantity `json:"egressBitsPerSecond,omitempty"`
}

// BlockIO bounds the use of one block device.
type BlockIO struct {
	// device is the absolute path of the block device (/dev/vda), or of a mount
	// point, which means the disk below it.
	Device string `json:"device"`
	// readBytesPerSecond bounds reads, in bytes a second, at least 1.
	// Default: not bounded.
	ReadBytesPerSecond *resource.Quantity `json:"readBytesPerSecond,omitempty"`
	// writeBytesPerSecond bounds writes, in bytes a second, at least 1.
	// Default: not bounded.
	WriteBytesPerSecond *resource.Quantity `json:"writeBytesPerSecond,omitempty"`
	// readIOPS bounds read operations a second, at least 1. Default: not bounded.
	ReadIOPS *int64 `json:"readIOPS,omitempty"`
	// writeIOPS bounds write operations a second, at least 1. Default: not bounded.
	WriteIOPS *int64 `json:"writeIOPS,omitempty"`
}
