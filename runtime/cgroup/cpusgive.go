package cgroup

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/runtime/lock"
	"github.com/bulkhead-dev/bulkhead/spec/cpulist"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Give decides who has which CPUs; before is what they had.
func Give(_ *Tree, node *tenant.Node, before *CPUs) (*CPUs, error) {
	if len(node.Exclusive) > 0 && kubelet() {
		return nil, fmt.Errorf("%w: cpus: Exclusive, since the kubelet decides which CPUs its pods use; remove the key", ErrUnsupported)
	}
	cores, err := coresOfNode()
	if err != nil {
		return nil, err
	}
	return give(node.Exclusive, cores, before)
}

// NoteCPUs notes who has which CPUs, before the first cgroup gets its own.
func (t *Tree) NoteCPUs(node *tenant.Node) error {
	return lock.Held(t.baseLock()+".cpus", func() error {
		now, err := t.CPUs(node)
		if err != nil || now == nil {
			return err
		}
		noted, err := t.readCPUs()
		if err != nil || noted != nil && maps.Equal(noted.Demand, now.Demand) {
			return err
		}
		return t.writeCPUs(now)
	})
}

// give hands out whole cores, from the last of the node on: a tenant keeps those
// that it has. The first core stays for everybody.
func give(demand map[string]int64, cores []cpulist.Set, before *CPUs) (*CPUs, error) {
	if before == nil {
		before = new(CPUs)
	}
	after := &CPUs{Demand: maps.Clone(demand), Exclusive: map[string]string{}}
	free := slices.Clone(cores)
	take := func(has cpulist.Set, n int64, from cpulist.Set) cpulist.Set {
		for i := len(free) - 1; i > 0 && int64(has.Count()) < n; i-- {
			if core := free[i]; core.Within(from) {
				has = has.Or(core)
				free = slices.Delete(free, i, i+1)
			}
		}
		return has
	}
	var all cpulist.Set
	for _, core := range cores {
		all = all.Or(core)
	}
	names := slices.Sorted(maps.Keys(demand))
	has := map[string]cpulist.Set{}
	for _, name := range names {
		old, _ := cpulist.From(before.Exclusive[name]) // none: it had none
		has[name] = take(cpulist.Set{}, demand[name], old)
	}
	for _, name := range names {
		own := take(has[name], demand[name], all)
		if int64(own.Count()) < demand[name] {
			return nil, fmt.Errorf("%w: tenant %s cannot have %d CPUs of its own: the node has %d cores, and one stays for everybody",
				ErrUnsupported, name, demand[name], len(cores))
		}
		after.Exclusive[name] = own.String()
	}
	var shared cpulist.Set
	for _, core := range free {
		shared = shared.Or(core)
	}
	after.Shared = shared.String()
	return after, nil
}

func (t *Tree) writeCPUs(c *CPUs) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	tmp := t.cpusFile() + ".new" // one writer: the lock is held
	if err := os.WriteFile(tmp, append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, t.cpusFile())
}

// kubelet reports whether a kubelet keeps its pods' cgroups on this node.
func kubelet() bool {
	for _, place := range []string{"/kubepods", "kubepods" + sliceSuffix} {
		if m, err := open(place); err == nil && exists(m) {
			return true
		}
	}
	return false
}

// coresOfNode are the CPUs that tenants may use, by core.
func coresOfNode() ([]cpulist.Set, error) {
	m, err := open("/")
	if err != nil {
		return nil, err
	}
	file := "cpuset.cpus"
	if v2() {
		file = "cpuset.cpus.effective"
	}
	text, err := cgroups.ReadFile(m.Path("cpuset"), file)
	if err != nil {
		return nil, fmt.Errorf("%w: cpus: Exclusive needs the cpuset controller (%w)", ErrUnsupported, err)
	}
	online, ok := cpulist.From(strings.TrimSpace(text))
	if !ok {
		return nil, fmt.Errorf("%s is %q, which is no list of CPUs", file, text)
	}
	var cores []cpulist.Set
	for rest := online; rest.Count() > 0; {
		core := coreOf(rest.Last()).And(online)
		cores = append([]cpulist.Set{core}, cores...)
		rest = rest.Minus(core)
	}
	return cores, nil
}

// coreOf is a CPU with those that share its core.
func coreOf(cpu int) cpulist.Set {
	data, _ := os.ReadFile(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu))
	core, ok := cpulist.From(strings.TrimSpace(string(data)))
	if !ok || !core.Has(cpu) { // a kernel without topology: each CPU is a core
		core, _ = cpulist.From(strconv.Itoa(cpu))
	}
	return core
}
