package isolator

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/cpulist"
)

/*
memorypolicy: from which memory nodes a container's pages come.

Owns     linux.memoryPolicy
Rule     The modes and flags of runtime-spec 1.3, over a list of nodes that are
         all among linux.resources.cpu.mems where that is named.
Because  A policy chooses among the nodes that the cpuset gives, and the kernel
         takes no page from another (set_mempolicy(2)): it grants nothing. Nodes
         outside fail, or are left out in silence, by the mode.
Escape   none.
*/

var _ = register(Isolator{
	Name:    "memorypolicy",
	Owns:    []string{"/spec/linux/memoryPolicy"},
	Reason:  "within the memory nodes of the container",
	Leq:     memoryPolicyLeq,
	Rewrite: func(c *Case, r *Request) error { return knownMemoryPolicy(c.Asked, r) },
	Holds:   func(_ *Case, r *Request) error { return knownMemoryPolicy(r, r) },
})

var (
	memoryModes = []specs.MemoryPolicyModeType{
		specs.MpolDefault, specs.MpolBind, specs.MpolInterleave, specs.MpolWeightedInterleave,
		specs.MpolPreferred, specs.MpolPreferredMany, specs.MpolLocal,
	}
	memoryFlags = []specs.MemoryPolicyFlagType{specs.MpolFNumaBalancing, specs.MpolFRelativeNodes, specs.MpolFStaticNodes}
)

// knownMemoryPolicy accepts a policy within the memory nodes that another
// request names: what cpu has in this one may be decided meanwhile.
func knownMemoryPolicy(of, r *Request) error {
	m := valueOf(r.Spec.Linux).MemoryPolicy
	if m == nil {
		return nil
	}
	var errs []error
	deny := func(field, got, want string) {
		errs = append(errs, &Denial{"memorypolicy", "linux.memoryPolicy." + field, got, want, Nothing})
	}
	if !slices.Contains(memoryModes, m.Mode) {
		deny("mode", strconv.Quote(string(m.Mode)), "a mode of runtime-spec 1.3")
	}
	if slices.ContainsFunc(m.Flags, func(f specs.MemoryPolicyFlagType) bool { return !slices.Contains(memoryFlags, f) }) {
		deny("flags", fmt.Sprintf("%q", m.Flags), "flags of runtime-spec 1.3")
	}
	if m.Nodes != "" {
		nodes, ok := cpulist.From(m.Nodes)
		mems, named := cpulist.From(cpuOf(of).Mems)
		switch {
		case !ok:
			deny("nodes", strconv.Quote(m.Nodes), `a list like "0-2,4"`)
		case named && !nodes.Within(mems):
			deny("nodes", m.Nodes, "at most "+mems.String()+", the container's")
		}
	}
	return errors.Join(errs...)
}

// memoryPolicyLeq: none, or the same.
func memoryPolicyLeq(a, b *Request) bool {
	x, y := valueOf(a.Spec.Linux).MemoryPolicy, valueOf(b.Spec.Linux).MemoryPolicy
	if x == nil || y == nil {
		return x == nil
	}
	return x.Mode == y.Mode && x.Nodes == y.Nodes && slices.Equal(x.Flags, y.Flags)
}
