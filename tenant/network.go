package tenant

import "net/netip"

// Network says whose network a tenant's containers have and what they may talk
// to. One that an earlier version compiled is empty: its Namespace, Walls and
// Connections too.
type Network struct {
	Namespace            NetworkNamespace `json:"namespace"`
	Walls                Walls            `json:"walls"`
	Peers                []string         `json:"peers,omitempty"`   // tenants that list this one too, sorted
	Host                 []HostService    `json:"host,omitempty"`    // the node and link-local are closed but for these
	Egress               []NetworkRule    `json:"egress,omitempty"`  // the first match decides, nothing matched: allowed;
	Ingress              []NetworkRule    `json:"ingress,omitempty"` // with those of its ancestors
	Connections          int64            `json:"connections"`       // of all containers together
	ContainerConnections int64            `json:"containerConnections"`
	Bandwidth            Bandwidth        `json:"bandwidth"`          // of all containers together
	ContainerBandwidth   Bandwidth        `json:"containerBandwidth"` // nil: not bounded below the tenant's
}

// NetworkNamespace says whose network namespace a container has.
type NetworkNamespace string

const (
	OwnNetwork    NetworkNamespace = "Private"
	TenantNetwork NetworkNamespace = "Tenant" // one for the tenant's containers, where NodeNetwork.Provide says so
	HostNetwork   NetworkNamespace = "Host"   // as Security grants it
)

// Walls says what becomes of a container with an interface that has no end on
// the node.
type Walls string

const (
	WallsRequired  Walls = "Required"  // it is refused
	WallsPreferred Walls = "Preferred" // the interface has no walls
)

// HostService is a service of the node.
type HostService struct {
	Address netip.Addr  `json:"address,omitzero"` // zero: any of the node's
	Ports   []PortRange `json:"ports,omitempty"`  // none: all, of every protocol
}

// NetworkRule allows or denies connections with the other end in one of
// Prefixes and the destination's port in one of Ports.
type NetworkRule struct {
	Allow    bool           `json:"allow"`
	Prefixes []netip.Prefix `json:"prefixes,omitempty"` // none: any address
	Ports    []PortRange    `json:"ports,omitempty"`    // none: all, of every protocol
}

// PortRange is one or more ports of a protocol.
type PortRange struct {
	Protocol string `json:"protocol"` // TCP, UDP or SCTP
	First    uint16 `json:"first"`
	Last     uint16 `json:"last"`
}

// Bandwidth bounds traffic, in bits of Ethernet frames a second; nil is not
// bounded.
type Bandwidth struct {
	IngressBitsPerSecond *int64 `json:"ingressBitsPerSecond,omitempty"` // what is received
	EgressBitsPerSecond  *int64 `json:"egressBitsPerSecond,omitempty"`  // what is sent
}

// NodeNetwork is what every tenant's network has.
type NodeNetwork struct {
	DNS      []netip.Addr `json:"dns,omitempty"`      // port 53 of these is open
	Provide  []string     `json:"provide,omitempty"`  // containerd namespaces where a new network namespace means the tenant's
	Conflist string       `json:"conflist,omitempty"` // absolute path; empty: loopback only
}
