package cgroup

import (
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/opencontainers/cgroups"
)

const (
	unlimited = -1
	cpuPeriod = 100_000 // µs, the kernel's default
	leastCPU  = 10      // thousandths: the kernel takes no quota below 1 ms
)

// wanted is what the cgroup of a tenant shall hold. A limit that is absent from
// the policy is written out, since it must clear an earlier one. What this node
// cannot hold is refused before anything is made.
func (t *Tree) wanted(of *Tenant) ([]setting, error) {
	if c := of.Limits.CPUMilli; c != nil && *c < leastCPU {
		return nil, fmt.Errorf("limits.cpu %dm of tenant %s is below %dm, the least that the kernel bounds", *c, of.Name, leastCPU)
	}
	for size := range of.Limits.Hugepages {
		if !slices.Contains(cgroups.HugePageSizes(), size) {
			return nil, fmt.Errorf("%w: limits.hugepages names pages of %s, which this node does not have", ErrUnsupported, size)
		}
	}
	if err := available(of); err != nil {
		return nil, err
	}
	if _, err := deviceLimits(of.Limits.BlockIO); err != nil { // on cgroup v1 too: containers get them there
		return nil, err
	}
	all := wantedV1
	if v2() {
		all = wantedV2
	}
	settings, err := all(of)
	if err != nil {
		return nil, err
	}
	cpus, err := t.cpusOf(of)
	return append(settings, cpus...), err
}

// available fails for a limit whose controller the node does not have.
func available(of *Tenant) error {
	_, controllers, _ := Controllers()
	l := of.Limits
	for _, needs := range []struct {
		controller, key string
		needed          bool
	}{
		{"cpu", "limits.cpu", l.CPUMilli != nil},
		{"memory", "limits.memory", l.MemoryBytes != nil},
		{"pids", "limits.pids", true},
		{"hugetlb", "limits.hugepages", len(l.Hugepages) > 0},
		{ioController(), "limits.blockIO", len(l.BlockIO) > 0},
	} {
		if needs.needed && !slices.Contains(controllers, needs.controller) {
			return unsupported(needs.key, "the "+needs.controller+" controller")
		}
	}
	return nil
}

func ioController() string {
	if v2() {
		return "io"
	}
	return "blkio"
}

// quota is the CPU time in a period, µs; none is not bounded. systemd counts in
// hundredths of a CPU and rounds up, so there it is rounded down before.
func (of *Tenant) quota() (int64, bool) {
	if of.Limits.CPUMilli == nil {
		return 0, false
	}
	milli := max(*of.Limits.CPUMilli-of.InPods.CPUMilli, leastCPU)
	if !v2() && of.InPods.CPUMilli > 0 {
		milli = min(max(milli, of.LeastCPUMilli), *of.Limits.CPUMilli)
	}
	if systemd() {
		milli = milli / 10 * 10
	}
	return milli * cpuPeriod / 1000, true
}

// memory is what the tenant may have outside its pods, bytes.
func (of *Tenant) memory() (int64, bool) {
	if of.Limits.MemoryBytes == nil {
		return 0, false
	}
	return wholePages(*of.Limits.MemoryBytes - of.InPods.MemoryBytes), true
}

func (of *Tenant) pids() int64 { return max(of.Limits.Pids-of.InPods.Pids, 1) }

// wholePages rounds as the kernel does, so that what is read back is equal. Less
// than a page is a page.
func wholePages(bytes int64) int64 {
	page := int64(os.Getpagesize())
	return max(bytes/page*page, page)
}

func sum(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
