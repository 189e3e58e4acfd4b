package cgroup

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// baseLock names the lock below which the installation's own cgroup is made,
// changed and removed, so that it does not go while a tenant's is made in it. It
// is taken after tenants' locks and never held for longer than a few calls.
func (t *Tree) baseLock() string { return filepath.Join(t.root.Tenants(), ".lock") }

// settleBase gives the installation's own cgroup what the tenants need of it:
// the sum of the memory that is kept for them, since the kernel protects no more
// below a cgroup than the cgroup itself has, and their share of CPU beside the
// node's own processes.
//
// Preconditions: the base's lock is held.
func (t *Tree) settleBase(node *tenant.Node) error {
	m, err := open(t.base())
	if err != nil || node == nil || !exists(m) {
		return err
	}
	to, err := possible(m, baseWanted(node))
	if err != nil {
		return err
	}
	from, err := current(m, to)
	if err != nil {
		return err
	}
	return t.write(t.base(), m, from, to)
}

func baseWanted(node *tenant.Node) []setting {
	if node == nil {
		return nil
	}
	weight := baseWeight(node)
	if !v2() {
		return []setting{{"cpu.shares", strconv.FormatInt(weight*1024/100, 10), ""}}
	}
	return []setting{
		{"cpu.weight", strconv.FormatInt(weight, 10), ""},
		{"memory.min", strconv.FormatInt(wholeOrNone(node.Requests.MemoryBytes), 10), keyIf(node.Requests.MemoryBytes > 0, "requests.memory")},
		{"memory.low", strconv.FormatInt(baseLow(node), 10), ""},
	}
}

// baseWeight keeps the node less its reserve for the tenants, once CPU was
// promised to one of them, beside one other cgroup of the kernel's default
// weight: system.slice.
func baseWeight(node *tenant.Node) int64 {
	reserved, all := node.Reserved.CPUMilli, int64(runtime.NumCPU())*1000
	if node.Requests.CPUMilli == 0 || reserved <= 0 || reserved >= all {
		return 100
	}
	return min(max(100*(all-reserved)/reserved, 100), 10_000)
}

// baseLow is what the tenants together are protected by against the reclaim that
// shall take from idle tenants first: never what is reserved for the node, a
// tenth if the policy reserves nothing.
func baseLow(node *tenant.Node) int64 {
	if !node.HasIdle {
		return 0
	}
	all := memoryOfNode()
	reserved := node.Reserved.MemoryBytes
	if reserved == 0 {
		reserved = all / 10
	}
	return wholeOrNone(all - reserved)
}

// memoryOfNode is MemTotal of proc(5), bytes; 0 if it cannot be read.
func memoryOfNode() int64 {
	data, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "MemTotal:" {
			kib, _ := strconv.ParseInt(f[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}
