// Package facts finds out what a container's network is plugged into.
package facts

import (
	"net"
	"net/netip"
)

// Interface is one of a container's, from both its ends.
type Interface struct {
	Inside    string           `json:"inside"` // its name in the container
	Index     int              `json:"index,omitempty"`
	Kind      string           `json:"kind"` // veth, macvlan, …; "physical" for a device of the node's
	MAC       net.HardwareAddr `json:"mac"`  // of the container's end
	Addresses []netip.Addr     `json:"addresses,omitempty"`
	Gateways  []netip.Addr     `json:"gateways,omitempty"` // of the container's routes through it
	// Host is the name of its end in the network namespace that was looked from,
	// empty if it has none there.
	Host      string `json:"host,omitempty"`
	HostIndex int    `json:"hostIndex,omitempty"`
	// Up: its container's end is. Engines bring it up when all else is set.
	Up bool `json:"up,omitempty"`
	// MTU is the larger of both ends'.
	MTU int `json:"mtu,omitempty"`
	// Bridge is what the end here is a port of, nil where it is of none.
	Bridge *Bridge `json:"portOf,omitempty"`
}

// A Bridge hands frames on between its ports. Those to its own address are for
// the node, to receive or to route.
type Bridge struct {
	Name      string           `json:"name"`
	MAC       net.HardwareAddr `json:"mac"`
	Addresses []netip.Addr     `json:"addresses,omitempty"`
	Subnets   []netip.Prefix   `json:"subnets,omitempty"`
}
