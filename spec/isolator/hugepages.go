package isolator

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

/*
hugepages: how many huge pages of each size a container has.

Owns     linux.resources.hugepageLimits
Rule     For every size that the tenant's limits name, the container's limit is
         at most the tenant's, and added where there is none. Other sizes stay.
         A size is a number and a unit, nothing else.
Because  Huge pages are reserved at boot and shared by the whole node. The size
         becomes part of a file's name in the cgroup (attack row 13).
Escape   limits.hugepages-2Mi and its like.
*/

var _ = register(Isolator{
	Name:    "hugepages",
	Owns:    []string{"/spec/linux/resources/hugepageLimits"},
	Reason:  "the tenant's huge pages",
	Leq:     hugepagesLeq,
	Rewrite: func(c *Case, r *Request) error { return narrowHugepages(c, r.resources()) },
	Update:  narrowHugepages,
	Holds:   hugepagesHold,
})

func narrowHugepages(c *Case, res *specs.LinuxResources) error {
	missing := map[string]int64{}
	if !hasNoDefaults(c) {
		maps.Copy(missing, c.Policy.Limits.Hugepages)
	}
	for i, l := range res.HugepageLimits {
		res.HugepageLimits[i].Limit = min(l.Limit, hugepagesMost(c, l.Pagesize))
		delete(missing, l.Pagesize)
	}
	for _, size := range slices.Sorted(maps.Keys(missing)) {
		res.HugepageLimits = append(res.HugepageLimits, specs.LinuxHugepageLimit{Pagesize: size, Limit: hugepagesMost(c, size)})
	}
	return plainSizes(res.HugepageLimits)
}

// hugepagesMost is the most of one size, in bytes.
func hugepagesMost(c *Case, size string) uint64 {
	if most, ok := c.Policy.Limits.Hugepages[size]; ok {
		return uint64(most)
	}
	return math.MaxUint64
}

func plainSizes(limits []specs.LinuxHugepageLimit) error {
	for _, l := range limits {
		if !isPageSize(l.Pagesize) {
			return &Denial{"hugepages", "linux.resources.hugepageLimits", fmt.Sprintf("for pages of %q", l.Pagesize), "a size like 2MB", Nothing}
		}
	}
	return nil
}

// isPageSize accepts the kernel's names of sizes: 64KB, 2MB, 1GB.
func isPageSize(s string) bool {
	digits := strings.TrimRight(s, "KMGB")
	unit := s[len(digits):]
	return (unit == "KB" || unit == "MB" || unit == "GB") && isDigits(digits)
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func hugepagesHold(c *Case, r *Request) error {
	got := hugepagesOf(r)
	for _, size := range slices.Sorted(maps.Keys(c.Policy.Limits.Hugepages)) {
		limit, ok := got[size]
		if !ok && !hasNoDefaults(c) || limit > hugepagesMost(c, size) {
			return &Denial{"hugepages", "linux.resources.hugepageLimits", fmt.Sprintf("more pages of %s", size),
				fmt.Sprintf("at most %d bytes", hugepagesMost(c, size)), "limits.hugepages"}
		}
	}
	return plainSizes(resourcesOf(r).HugepageLimits)
}

// hugepagesOf returns the limits by size. Of two for one size the last holds:
// delegates write them in order.
func hugepagesOf(r *Request) map[string]uint64 {
	limits := map[string]uint64{}
	for _, l := range resourcesOf(r).HugepageLimits {
		limits[l.Pagesize] = l.Limit
	}
	return limits
}

func hugepagesLeq(a, b *Request) bool {
	x, y := hugepagesOf(a), hugepagesOf(b)
	for size, most := range y {
		if limit, ok := x[size]; !ok || limit > most {
			return false
		}
	}
	return true
}
