package cgroup

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// wantedV2 is a tenant's limits in the words of cgroup v2. The weight is written
// itself: through the shares of cgroup v1 1:10 would become 100:639 (runc 1.5.2).
// Source: the kernel's Documentation/admin-guide/cgroup-v2.rst.
func wantedV2(of *Tenant) ([]setting, error) {
	all := []setting{
		{"cpu.max", none + " " + strconv.Itoa(cpuPeriod), ""},
		{"memory.max", none, ""},
		{"memory.high", none, ""},
		{"memory.swap.max", strconv.FormatInt(wholeOrNone(of.Limits.SwapBytes), 10), ""},
		{"memory.min", strconv.FormatInt(wholeOrNone(of.Requests.MemoryBytes), 10), keyIf(of.Requests.MemoryBytes > 0, "requests.memory")},
		{"memory.low", lowOf(of), ""},
		{"pids.max", strconv.FormatInt(of.pids(), 10), "limits.pids"},
	}
	if quota, bounded := of.quota(); bounded {
		all = replace(all, setting{"cpu.max", fmt.Sprintf("%d %d", quota, cpuPeriod), "limits.cpu"})
	}
	if bytes, bounded := of.memory(); bounded {
		all = replace(all, setting{"memory.max", strconv.FormatInt(bytes, 10), "limits.memory"})
	}
	idle, weight := "0", max(of.Weight, 1)
	if of.Priority == tenant.Idle {
		idle, weight = "1", 1
	}
	for file, value := range map[string]string{
		"cpu.idle": idle, "cpu.weight": strconv.FormatInt(weight, 10),
		"io.weight": strconv.FormatInt(weight, 10), "io.bfq.weight": strconv.FormatInt(min(weight, 1000), 10),
	} {
		all = append(all, setting{file, value, ""})
	}
	for _, size := range cgroups.HugePageSizes() {
		s := setting{"hugetlb." + size + ".max", none, ""}
		if bytes, bounded := of.Limits.Hugepages[size]; bounded {
			s.value, s.key = strconv.FormatInt(bytes, 10), "limits.hugepages"
		}
		all = append(all, s)
	}
	devices, err := deviceLimits(of.Limits.BlockIO)
	return append(all, devices...), err
}

// lowOf is the memory that is reclaimed only when that of idle tenants is not
// enough. Without an idle tenant on the node it changes nothing.
func lowOf(of *Tenant) string {
	if of.Node == nil || !of.Node.HasIdle || of.Priority == tenant.Idle {
		return "0"
	}
	if bytes, bounded := of.memory(); bounded {
		return strconv.FormatInt(bytes, 10)
	}
	return none
}

func deviceLimits(limits []tenant.BlockIO) ([]setting, error) {
	var all []setting
	var order []string
	rates := map[string]tenant.BlockIO{}
	for _, l := range limits {
		major, minor, err := Disk(l.Device)
		if err != nil {
			return nil, fmt.Errorf("limits.blockIO: %w", err)
		}
		of := fmt.Sprintf("io.max %d:%d", major, minor)
		if _, again := rates[of]; !again {
			order = append(order, of)
		}
		rates[of] = lesser(rates[of], l) // two paths may mean one disk
	}
	for _, of := range order {
		all = append(all, setting{of, ioMax(rates[of]), "limits.blockIO"})
	}
	return all, nil
}

// lesser is, of each rate, the smaller of two limits.
func lesser(a, b tenant.BlockIO) tenant.BlockIO {
	for _, pair := range [][2]**int64{
		{&a.ReadBytesPerSecond, &b.ReadBytesPerSecond}, {&a.WriteBytesPerSecond, &b.WriteBytesPerSecond},
		{&a.ReadIOPS, &b.ReadIOPS}, {&a.WriteIOPS, &b.WriteIOPS},
	} {
		if mine, other := *pair[0], *pair[1]; mine == nil || other != nil && *other < *mine {
			*pair[0] = other
		}
	}
	return a
}

func ioMax(l tenant.BlockIO) string {
	var words []string
	for _, w := range []struct {
		name string
		rate *int64
	}{{"rbps", l.ReadBytesPerSecond}, {"wbps", l.WriteBytesPerSecond}, {"riops", l.ReadIOPS}, {"wiops", l.WriteIOPS}} {
		value := none
		if w.rate != nil {
			value = strconv.FormatInt(*w.rate, 10)
		}
		words = append(words, w.name+"="+value)
	}
	return strings.Join(words, " ")
}

// wholeOrNone is a number of bytes in whole pages; nothing stays nothing.
func wholeOrNone(bytes int64) int64 {
	if bytes <= 0 {
		return 0
	}
	return wholePages(bytes)
}

func keyIf(needed bool, key string) string {
	if needed {
		return key
	}
	return ""
}
