package docker

import (
	"fmt"
	"strconv"
)

// resources are its limits, in the units of docker run.
func (c *Container) resources(w *words) {
	h := c.HostConfig
	w.number("memory", h.Memory, 0)
	if h.MemorySwap != 2*h.Memory {
		w.number("memory-swap", h.MemorySwap, 0)
	}
	w.number("memory-reservation", h.MemoryReservation, 0)
	if h.MemorySwappiness != nil {
		w.number("memory-swappiness", *h.MemorySwappiness, -1)
	}
	w.number("kernel-memory", h.KernelMemory, 0)
	w.on("oom-kill-disable", h.OomKillDisable)
	w.number("oom-score-adj", int64(h.OomScoreAdj), 0)
	w.flag("cpus", strconv.FormatFloat(float64(h.NanoCpus)/1e9, 'f', -1, 64), "0")
	w.number("cpu-shares", h.CPUShares, 0)
	w.number("cpu-quota", h.CPUQuota, 0)
	w.number("cpu-period", h.CPUPeriod, 0)
	w.number("cpu-rt-period", h.CPURealtimePeriod, 0)
	w.number("cpu-rt-runtime", h.CPURealtimeRuntime, 0)
	w.flag("cpuset-cpus", h.CpusetCpus, "")
	w.flag("cpuset-mems", h.CpusetMems, "")
	if h.ShmSize > 0 {
		w.number("shm-size", h.ShmSize, 64<<20)
	}
	if h.PidsLimit != nil {
		w.number("pids-limit", *h.PidsLimit, 0)
	}
	for _, u := range h.Ulimits {
		w.flag("ulimit", fmt.Sprintf("%s=%d:%d", u.Name, u.Soft, u.Hard), "")
	}
	w.pairs("sysctl", h.Sysctls)
}
