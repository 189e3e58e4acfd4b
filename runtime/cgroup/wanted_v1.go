package cgroup

import (
	"os"
	"strconv"

	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

const (
	memoryV1 = "memory.limit_in_bytes"
	memsw    = "memory.memsw.limit_in_bytes"
)

// wantedV1 is a tenant's limits in the words of cgroup v1, which has none for
// requests.memory, and none for block devices that would hold for all of the
// tenant's containers together: each container has its own (isolator blockio).
func wantedV1(of *Tenant) ([]setting, error) {
	shares, idle := of.Weight*1024/100, "0"
	if of.Priority == tenant.Idle {
		shares, idle = 2, "1"
	}
	all := []setting{
		{"cpu.idle", idle, ""},
		{"cpu.shares", strconv.FormatInt(max(shares, 2), 10), ""}, // 2 is the kernel's least
		{"cpu.cfs_period_us", strconv.Itoa(cpuPeriod), ""},
		{"cpu.cfs_quota_us", none, ""},
		{memoryV1, none, ""},
		{memsw, none, ""},
		{"memory.soft_limit_in_bytes", softLimit(of), ""},
		{"pids.max", strconv.FormatInt(of.pids(), 10), "limits.pids"},
		{"blkio.bfq.weight", strconv.FormatInt(min(max(of.Weight, 1), 1000), 10), ""},
	}
	if quota, bounded := of.quota(); bounded {
		all = replace(all, setting{"cpu.cfs_quota_us", strconv.FormatInt(quota, 10), "limits.cpu"})
	}
	if bytes, bounded := of.memory(); bounded {
		// Swap alone has no limit on cgroup v1: a tenant without limits.memory
		// has none on swap either.
		all = replace(all, setting{memoryV1, strconv.FormatInt(bytes, 10), "limits.memory"})
		if with := wholePages(sum(bytes, of.Limits.SwapBytes)); with < 1<<62 {
			all = replace(all, setting{memsw, strconv.FormatInt(with, 10), ""})
		}
	}
	for _, size := range cgroups.HugePageSizes() {
		s := setting{"hugetlb." + size + ".limit_in_bytes", none, ""}
		if bytes, bounded := of.Limits.Hugepages[size]; bounded {
			s.value, s.key = strconv.FormatInt(bytes, 10), "limits.hugepages"
		}
		all = append(all, s)
	}
	return all, nil
}

// softLimit is above what an idle tenant has as soon as it has a page: what
// exceeds it is reclaimed first.
func softLimit(of *Tenant) string {
	if of.Priority == tenant.Idle {
		return strconv.Itoa(os.Getpagesize())
	}
	return none
}
