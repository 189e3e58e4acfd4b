package isolator

import (
	"slices"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
intelrdt: which part of the CPU's cache and memory bandwidth a container has.

Owns     linux.intelRdt
Rule     Refused below level privileged.
Because  A class of service is named, not owned: the container joins another
         tenant's by its name, and schemata written to it change what that one
         has. Classes and monitors are few, a dozen to some hundreds on a node
         (Documentation/filesystems/resctrl.rst), and counted for nobody. To drop
         what was asked would put the container into the node's own class.
Escape   security.level: privileged.
*/

var _ = register(Isolator{
	Name:    "intelrdt",
	Owns:    []string{"/spec/linux/intelRdt"},
	Reason:  "a class of service is the whole node's",
	Leq:     intelRdtLeq,
	Rewrite: noIntelRdt,
	Holds:   noIntelRdt,
})

func noIntelRdt(c *Case, r *Request) error {
	if valueOf(r.Spec.Linux).IntelRdt == nil || c.Policy.Security.Level == tenant.Privileged {
		return nil
	}
	return &Denial{"intelrdt", "linux.intelRdt", "set", "none", "security.level: privileged"}
}

// intelRdtLeq: none, or the same.
func intelRdtLeq(a, b *Request) bool {
	x, y := valueOf(a.Spec.Linux).IntelRdt, valueOf(b.Spec.Linux).IntelRdt
	if x == nil || y == nil {
		return x == nil
	}
	return x.ClosID == y.ClosID && x.L3CacheSchema == y.L3CacheSchema && x.MemBwSchema == y.MemBwSchema &&
		x.EnableMonitoring == y.EnableMonitoring && slices.Equal(x.Schemata, y.Schemata)
}
