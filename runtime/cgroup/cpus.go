package cgroup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/spec/cpulist"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// CPUs says whose CPUs are whose, as lists ("2-3"). It is decided when the first
// tenant asks for cores of its own, and kept in run/bulkhead: which cores those
// are is no part of a policy.
type CPUs struct {
	Exclusive map[string]string `json:"exclusive"` // by tenant
	Shared    string            `json:"shared"`    // everybody else's
}

// Of is the list that a tenant may use.
func (c *CPUs) Of(p *tenant.Policy) string {
	if own := c.Exclusive[chain(p)[0]]; own != "" {
		return own
	}
	return c.Shared
}

// CPUs returns who has which, after giving those that the policy asks for. It
// is nil as long as nobody asked since the node was booted.
func (t *Tree) CPUs(node *tenant.Node) (*CPUs, error) {
	has, err := t.readCPUs()
	if node == nil || err != nil || has == nil && len(node.Exclusive) == 0 || has.meets(node.Exclusive) {
		return has, err
	}
	if kubelet() {
		return nil, fmt.Errorf("%w: cpus: Exclusive, since the kubelet decides which CPUs its pods use; remove the key", ErrUnsupported)
	}
	err = locked(t.baseLock()+".cpus", func() error {
		if has, err = t.readCPUs(); err != nil || has.meets(node.Exclusive) {
			return err
		}
		cores, err := coresOfNode()
		if err != nil {
			return err
		}
		if has, err = give(node.Exclusive, cores, has); err != nil {
			return err
		}
		return t.writeCPUs(has)
	})
	return has, err
}

// meets reports whether each tenant that asks has as many CPUs as it asks for,
// and nobody else has any.
func (c *CPUs) meets(demand map[string]int64) bool {
	if c == nil || len(c.Exclusive) != len(demand) {
		return false
	}
	for name, n := range demand {
		if has, ok := cpulist.From(c.Exclusive[name]); !ok || int64(has.Count()) < n {
			return false
		}
	}
	return true
}

// give hands out whole cores, from the last of the node on: a tenant keeps those
// that it has. The first core stays for everybody.
func give(demand map[string]int64, cores []cpulist.Set, before *CPUs) (*CPUs, error) {
	if before == nil {
		before = new(CPUs)
	}
	after := &CPUs{Exclusive: map[string]string{}}
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

// cpusOf is the setting of a tenant's CPUs. Below a tenant that has its own, all
// are in it.
func (t *Tree) cpusOf(of *Tenant) ([]setting, error) {
	c, err := t.CPUs(of.Node)
	if err != nil || c == nil {
		return nil, err
	}
	return []setting{{"cpuset.cpus", c.Of(of.Policy), keyIf(of.CPUs == tenant.Exclusive, "cpus: Exclusive")}}, nil
}

func (t *Tree) cpusFile() string { return t.root.Path("/run/bulkhead/cpus.json") }

func (t *Tree) readCPUs() (*CPUs, error) {
	data, err := os.ReadFile(t.cpusFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	c := new(CPUs)
	if err == nil {
		err = json.Unmarshal(data, c)
	}
	if err != nil {
		return nil, fmt.Errorf("find out whose CPUs are whose: %w", err)
	}
	return c, nil
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
