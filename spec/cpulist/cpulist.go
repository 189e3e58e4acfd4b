// Package cpulist has sets of CPUs, in the form of a list that the kernel prints
// (cpuset(7), "Formats"): "0-2,4".
package cpulist

import (
	"math/bits"
	"strconv"
	"strings"
)

// A Set is a set of CPUs, a bit each.
type Set [128]uint64

// lastCPU is the highest number that a kernel can be built for (NR_CPUS of
// x86-64 and arm64 are at most 8192).
const lastCPU = len(Set{})*64 - 1

// longestCPUs is more than any node's list has, and bounds the work, in bytes.
const longestCPUs = 4096

// From reads a list as the kernel prints one: "0-2,4". The kernel also
// takes spaces, strides and words, which no engine writes.
func From(list string) (set Set, ok bool) {
	if len(list) > longestCPUs {
		return Set{}, false
	}
	for part := range strings.SplitSeq(list, ",") {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		first, ok := cpuFrom(low)
		last, both := cpuFrom(high)
		if !ok || !both || first > last {
			return Set{}, false
		}
		for n := first; n <= last; n++ {
			set[n/64] |= 1 << (n % 64)
		}
	}
	return set, true
}

func cpuFrom(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && s[0] != '+' && n >= 0 && n <= lastCPU
}

// And is the CPUs that are in both.
func (s Set) And(o Set) Set {
	for i := range s {
		s[i] &= o[i]
	}
	return s
}

// Or is the CPUs that are in either.
func (s Set) Or(o Set) Set {
	for i := range s {
		s[i] |= o[i]
	}
	return s
}

// Minus is the CPUs that the other does not have.
func (s Set) Minus(o Set) Set {
	for i := range s {
		s[i] &^= o[i]
	}
	return s
}

// Within reports whether all CPUs are the other's too.
func (s Set) Within(o Set) bool { return s.And(o) == s }

// Count is how many CPUs there are.
func (s Set) Count() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// Last is the highest CPU, -1 of none.
func (s Set) Last() int {
	for n := lastCPU; n >= 0; n-- {
		if s.Has(n) {
			return n
		}
	}
	return -1
}

// String is the list as the kernel prints it.
func (s Set) String() string {
	var parts []string
	for n := 0; n <= lastCPU; n++ {
		if !s.Has(n) {
			continue
		}
		first := n
		for n < lastCPU && s.Has(n+1) {
			n++
		}
		part := strconv.Itoa(first)
		if n > first {
			part += "-" + strconv.Itoa(n)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ",")
}

// Has reports whether a CPU is in the set.
func (s Set) Has(n int) bool { return s[n/64]&(1<<(n%64)) != 0 }
