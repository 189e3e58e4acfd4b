package main

import (
	"fmt"
	goruntime "runtime"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// capacity is what this node has: the CPUs that this process may run on, and
// MemTotal of /proc/meminfo.
func capacity() (compile.Capacity, error) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return compile.Capacity{}, fmt.Errorf("read the node's memory: %w", err)
	}
	return compile.Capacity{
		CPUMilli:    int64(goruntime.NumCPU()) * 1000,
		MemoryBytes: int64(info.Totalram) * int64(info.Unit),
	}, nil
}
