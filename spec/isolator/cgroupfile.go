package isolator

import (
	"strconv"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// A cgroupFile is a file of cgroup v2 that a container may set: its form, what
// of a value the tenant may have, and how two values compare.
// Source: the kernel's Documentation/admin-guide/cgroup-v2.rst.
type cgroupFile struct {
	form   string // as a denial names it
	narrow func(c *Case, key, value string) (string, bool)
	absent string                 // what no value means; empty: values do not compare
	leq    func(a, b string) bool // a grants no more than b
}

var cgroupFiles = map[string]cgroupFile{
	"memory.max":       limitFile(func(c *Case, _ string) *int64 { return memoryCeiling(c).most }, "max"),
	"memory.high":      limitFile(func(c *Case, _ string) *int64 { return memoryCeiling(c).most }, "max"),
	"memory.low":       limitFile(protectionMost, "0"),
	"memory.min":       limitFile(protectionMost, "0"),
	"memory.swap.max":  limitFile(func(c *Case, _ string) *int64 { return &c.Policy.Limits.SwapBytes }, "max"),
	"memory.oom.group": keptFile("0 or 1", inRange(0, 1)),
	"pids.max":         limitFile(func(c *Case, _ string) *int64 { return pidsCeiling(c).most }, "max"),
	"cpu.max":          {"a quota, or max, and a period in microseconds", narrowCPUMax, "max", cpuMaxLeq},
	"cpu.max.burst":    {"a number of microseconds", dropBurst, "0", countLeq},
	"cpu.weight":       keptFile("1 to 10000", inRange(1, 10000)),
	"cpu.weight.nice":  keptFile("-20 to 19", inRange(-20, 19)),
	"cpu.idle":         keptFile("0 or 1", inRange(0, 1)),
	"cpuset.cpus":      keptFile("a list of CPUs", isList),
	"cpuset.mems":      keptFile("a list of memory nodes", isList),
	"io.weight":        keptFile("a weight, or a device and a weight, a line each", eachLine(isWeight)),
	"io.bfq.weight":    keptFile("a weight, or a device and a weight, a line each", eachLine(isWeight)),
	"io.max":           {"a device and limits, a line each", narrowIOMax, "max", ioMaxLeq},
}

var hugetlbFile = limitFile(func(c *Case, key string) *int64 {
	if most, ok := c.Policy.Limits.Hugepages[hugetlbSize(key)]; ok {
		return &most
	}
	return nil
}, "max")

// cgroupFileOf returns the file of exactly this name.
func cgroupFileOf(key string) (cgroupFile, bool) {
	if isPageSize(hugetlbSize(key)) {
		return hugetlbFile, true
	}
	f, ok := cgroupFiles[key]
	return f, ok
}

// hugetlbSize is the page size in hugetlb.<size>.max, empty for other files.
func hugetlbSize(key string) string {
	size, ok := strings.CutPrefix(key, "hugetlb.")
	size, limit := strings.CutSuffix(size, ".max")
	if !ok || !limit {
		return ""
	}
	return size
}

// limitFile is a number or "max", narrowed to a ceiling.
func limitFile(most func(*Case, string) *int64, absent string) cgroupFile {
	return cgroupFile{"a number or max", func(c *Case, key, value string) (string, bool) {
		n, ok := countIn(value)
		if m := most(c, key); ok && m != nil && n > *m {
			return strconv.FormatInt(*m, 10), true
		}
		return value, ok
	}, absent, countLeq}
}

// protectionMost is the most memory that is kept for a container. An idle
// tenant is the first to be reclaimed.
func protectionMost(c *Case, _ string) *int64 {
	if c.Policy.Priority == tenant.Idle {
		return new(int64)
	}
	return memoryCeiling(c).most
}

// keptFile stays as it came if it has the form.
func keptFile(form string, valid func(string) bool) cgroupFile {
	return cgroupFile{form: form, narrow: func(_ *Case, _, value string) (string, bool) { return value, valid(value) }}
}

// narrowCPUMax wants quota and period together: a quota alone counts in the
// period that another field sets.
func narrowCPUMax(c *Case, _, value string) (string, bool) {
	b, ok := bandwidthFrom(value)
	if most := cpuCeiling(c).most; ok && most != nil {
		return b.narrow(*most).String(), true
	}
	return value, ok
}

// dropBurst: a burst exceeds a ceiling for a while.
func dropBurst(c *Case, _, value string) (string, bool) {
	n, ok := countIn(value)
	if cpuCeiling(c).most != nil && n != 0 {
		return "", ok
	}
	return value, ok
}

func bandwidthFrom(value string) (bandwidth, bool) {
	quota, period, both := strings.Cut(value, " ")
	n, ok := countIn(quota)
	if n == unlimited {
		n = 0
	} else {
		ok = ok && both && n > 0
	}
	if !both {
		return bandwidth{n, defaultPeriod}, ok
	}
	p, valid := countIn(period)
	return bandwidth{n, uint64(p)}, ok && valid && p > 0 && p < unlimited
}

func cpuMaxLeq(a, b string) bool {
	x, ok := bandwidthFrom(a)
	y, both := bandwidthFrom(b)
	return ok && both && x.within(y)
}

// countIn reads a number in the form that the kernel prints, or "max". The
// kernel would also take signs, spaces, units and other bases.
func countIn(value string) (int64, bool) {
	if value == "max" {
		return unlimited, true
	}
	n, err := strconv.ParseInt(value, 10, 64)
	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == value
}

func countLeq(a, b string) bool {
	x, ok := countIn(a)
	y, both := countIn(b)
	return ok && both && x <= y
}

func inRange(low, high int64) func(string) bool {
	return func(value string) bool {
		n, err := strconv.ParseInt(value, 10, 64)
		return err == nil && strconv.FormatInt(n, 10) == value && n >= low && n <= high
	}
}

func isList(value string) bool {
	return value != "" && strings.Trim(value, "0123456789,-") == ""
}

func eachLine(valid func([]string) bool) func(string) bool {
	return func(value string) bool {
		for line := range strings.Lines(value) {
			if !valid(strings.Fields(line)) {
				return false
			}
		}
		return value != ""
	}
}

// isWeight accepts "100", "default 100", "8:0 100" and "8:0 default".
func isWeight(words []string) bool {
	if len(words) == 0 || len(words) > 2 {
		return false
	}
	of, weight := words[0], words[len(words)-1]
	if len(words) == 2 && of != "default" && !isDevice(of) {
		return false
	}
	return inRange(1, 10000)(weight) || isDevice(of) && weight == "default"
}

func isDevice(s string) bool {
	_, ok := deviceFrom(s)
	return ok
}
