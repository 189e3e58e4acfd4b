package cgroup

import (
	"errors"
	"math"
	"os"
	"slices"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/fscommon"
)

// current reads the limits that a cgroup has, which the module cannot.
func current(m cgroups.Manager) (*cgroups.Resources, error) {
	r := &cgroups.Resources{SkipDevices: true}
	var errs []error
	read := func(controller, file string) int64 {
		n, err := fscommon.GetCgroupParamInt(m.Path(controller), file)
		if errors.Is(err, os.ErrNotExist) && file == memsw {
			return 0
		}
		errs = append(errs, err)
		if n >= math.MaxInt64-math.MaxUint16 { // the kernel's "no limit", in whole pages of any size
			return unlimited
		}
		return n
	}
	if m.Path("cpu") != "" {
		r.CpuShares = uint64(read("cpu", "cpu.shares"))
		r.CpuPeriod = uint64(read("cpu", "cpu.cfs_period_us"))
		r.CpuQuota = read("cpu", "cpu.cfs_quota_us")
	}
	if m.Path("memory") != "" {
		r.Memory = read("memory", "memory.limit_in_bytes")
		r.MemorySwap = read("memory", memsw)
	}
	if m.Path("pids") != "" {
		r.PidsLimit = new(read("pids", "pids.max"))
	}
	if m.Path("hugetlb") != "" {
		for _, size := range cgroups.HugePageSizes() {
			n := read("hugetlb", "hugetlb."+size+".limit_in_bytes")
			if n == unlimited {
				n = math.MaxInt64
			}
			r.HugetlbLimit = append(r.HugetlbLimit, &cgroups.HugepageLimit{Pagesize: size, Limit: uint64(n)})
		}
	}
	return r, errors.Join(errs...)
}

// set writes the limits that differ from those that the cgroup has. Writing an
// equal memory limit is not free: at the limit it reclaims, and may be refused.
func set(m cgroups.Manager, from, to *cgroups.Resources) error {
	r := *to
	if r.CpuShares == from.CpuShares {
		r.CpuShares = 0
	}
	if r.CpuQuota == from.CpuQuota && r.CpuPeriod == from.CpuPeriod {
		r.CpuQuota, r.CpuPeriod = 0, 0
	}
	if r.Memory == from.Memory && r.MemorySwap == from.MemorySwap {
		r.Memory, r.MemorySwap = 0, 0
	}
	if r.PidsLimit != nil && *r.PidsLimit == *from.PidsLimit {
		r.PidsLimit = nil
	}
	r.HugetlbLimit = slices.DeleteFunc(slices.Clone(r.HugetlbLimit), func(l *cgroups.HugepageLimit) bool {
		return slices.ContainsFunc(from.HugetlbLimit, func(old *cgroups.HugepageLimit) bool { return *old == *l })
	})
	return m.Set(&r)
}
