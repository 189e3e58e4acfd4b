package cgroup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// CPUs says whose CPUs are whose, as lists ("2-3"). It is decided when the first
// tenant asks for cores of its own, and kept in run/bulkhead: which cores those
// are is no part of a policy.
type CPUs struct {
	Demand    map[string]int64  `json:"demand"`    // by tenant, how many CPUs it asked for
	Exclusive map[string]string `json:"exclusive"` // by tenant, whole cores
	Shared    string            `json:"shared"`    // everybody else's
}

// Of is the list that a tenant may use.
func (c *CPUs) Of(p *tenant.Policy) string {
	if own := c.Exclusive[chain(p)[0]]; own != "" {
		return own
	}
	return c.Shared
}

// GiveCPUs decides who has which. Only the operator's program sets it, to
// Tree.Give, and a shim asks that program: it is needed once after each boot.
var GiveCPUs func(t *Tree, node *tenant.Node, before *CPUs) (*CPUs, error)

// CPUs returns who has which, or, in the operator's program, will once NoteCPUs
// has noted it: the same policy on the same node gives the same. It is nil as
// long as nobody asked since the node was booted.
func (t *Tree) CPUs(node *tenant.Node) (*CPUs, error) {
	has, err := t.readCPUs()
	if node == nil || err != nil || has == nil && len(node.Exclusive) == 0 || has.meets(node.Exclusive) {
		return has, err
	}
	if GiveCPUs != nil {
		return GiveCPUs(t, node, has)
	}
	if err := t.slices(SliceOrder{CPUsOf: string(t.root)}); err != nil {
		return nil, err
	}
	return t.readCPUs()
}

// meets reports whether this was given for the same demand.
func (c *CPUs) meets(demand map[string]int64) bool { return c != nil && maps.Equal(c.Demand, demand) }

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
