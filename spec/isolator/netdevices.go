package isolator

import (
	"fmt"
	"maps"
	"slices"
)

/*
netdevices: network devices of the node that move into the container.

Owns     linux.netDevices
Rule     Refused.
Because  The delegate takes the device away from the node, its addresses with
         it, whoever uses it there (runtime-spec 1.3; attack row 15).
Escape   none.
*/

var _ = register(Isolator{
	Name:    "netdevices",
	Owns:    []string{"/spec/linux/netDevices"},
	Reason:  "takes a device away from the node",
	Leq:     netDevicesLeq,
	Rewrite: func(_ *Case, r *Request) error { return noNetDevices(r) },
	Holds:   func(_ *Case, r *Request) error { return noNetDevices(r) },
})

func noNetDevices(r *Request) error {
	all := valueOf(r.Spec.Linux).NetDevices
	if len(all) == 0 {
		return nil
	}
	return &Denial{"netdevices", "linux.netDevices", fmt.Sprintf("%q", slices.Sorted(maps.Keys(all))), "none", Nothing}
}

// netDevicesLeq: none that the other does not take too.
func netDevicesLeq(a, b *Request) bool {
	y := valueOf(b.Spec.Linux).NetDevices
	for name := range valueOf(a.Spec.Linux).NetDevices {
		if _, ok := y[name]; !ok {
			return false
		}
	}
	return true
}
