package cgroup

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

const (
	unlimited = -1
	cpuPeriod = 100_000 // µs, the kernel's default
	leastCPU  = 10      // thousandths: the kernel takes no quota below 1 ms
	memsw     = "memory.memsw.limit_in_bytes"
)

// limits turns a policy into the module's words. A limit that is absent from
// the policy is written out, since it must clear an earlier one; what this node
// cannot hold is refused.
func limits(p *tenant.Policy, m cgroups.Manager) (*cgroups.Resources, error) {
	r := &cgroups.Resources{SkipDevices: true}
	err := errors.Join(
		limit(m, "cpu", "limits.cpu", p.Limits.CPUMilli != nil, func() { setCPU(p, r) }),
		limit(m, "memory", "limits.memory", p.Limits.MemoryBytes != nil, func() { setMemory(p, r) }),
		limit(m, "pids", "limits.pids", true, func() { r.PidsLimit = new(max(p.Limits.Pids, 1)) }), // 1 is what the module makes of 0
		limit(m, "hugetlb", "limits.hugepages", len(p.Limits.Hugepages) > 0, func() { setHugepages(p, r) }),
	)
	if c := p.Limits.CPUMilli; c != nil && *c < leastCPU {
		err = errors.Join(err, fmt.Errorf("limits.cpu %dm of tenant %s is below %dm, the least that the kernel bounds", *c, p.Name, leastCPU))
	}
	for size := range p.Limits.Hugepages {
		if !slices.Contains(cgroups.HugePageSizes(), size) {
			err = errors.Join(err, fmt.Errorf("%w: limits.hugepages names pages of %s, which this node does not have", ErrUnsupported, size))
		}
	}
	return r, err
}

// limit runs set where the controller is mounted. Where it is not, a policy
// that needs it is refused, and one that does not loses nothing.
func limit(m cgroups.Manager, controller, key string, needed bool, set func()) error {
	if m.Path(controller) != "" {
		set()
		return nil
	}
	if needed {
		return fmt.Errorf("%w: %s needs the %s controller, which this node does not mount on cgroup v1", ErrUnsupported, key, controller)
	}
	return nil
}

func setCPU(p *tenant.Policy, r *cgroups.Resources) {
	r.CpuShares = uint64(max(p.Weight*1024/100, 2)) // 2 is the kernel's least
	r.CpuPeriod, r.CpuQuota = cpuPeriod, unlimited
	if c := p.Limits.CPUMilli; c != nil {
		r.CpuQuota = *c * cpuPeriod / 1000
	}
}

// setMemory bounds memory and, where the kernel accounts for it, memory and
// swap together. On cgroup v1 swap alone has no limit: a tenant without
// limits.memory has none on swap either.
func setMemory(p *tenant.Policy, r *cgroups.Resources) {
	swap := swapLimit()
	r.Memory = unlimited
	if swap {
		r.MemorySwap = unlimited
	}
	bytes := p.Limits.MemoryBytes
	if bytes == nil {
		return
	}
	r.Memory = wholePages(*bytes)
	if swap && p.Limits.SwapBytes < math.MaxInt64-*bytes {
		r.MemorySwap = wholePages(*bytes + p.Limits.SwapBytes)
	}
}

// wholePages rounds as the kernel does, so that what is read back is equal. Less
// than a page is a page: the module reads 0 as "leave it".
func wholePages(bytes int64) int64 {
	page := int64(os.Getpagesize())
	return max(bytes/page*page, page)
}

func setHugepages(p *tenant.Policy, r *cgroups.Resources) {
	for _, size := range cgroups.HugePageSizes() {
		l := &cgroups.HugepageLimit{Pagesize: size, Limit: math.MaxInt64}
		if bytes, bounded := p.Limits.Hugepages[size]; bounded {
			l.Limit = uint64(bytes)
		}
		r.HugetlbLimit = append(r.HugetlbLimit, l)
	}
}

// swapLimit reports whether the kernel can limit memory and swap together.
func swapLimit() bool {
	mounts, err := hierarchies()
	return err == nil && cgroups.PathExists(filepath.Join(mounts["memory"], memsw))
}
