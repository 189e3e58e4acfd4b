package v1alpha1

// Network says what a tenant's containers may talk to.
type Network struct {
	// namespace says whose network namespace a container has: Private for its
	// own; Tenant for one that the tenant's containers share, in the containerd
	// namespaces that the node's network.provide lists, and elsewhere as Private;
	// or Host for the node's, which security.exceptions.hostNamespaces has to
	// grant too. Default: Private.
	Namespace NetworkNamespace `json:"namespace,omitempty"`
	// walls says what becomes of a container with an interface whose other end is
	// not on this node, where walls would stand (macvlan, SR-IOV): Required to
	// refuse it, Preferred to leave that interface to the operator, with no walls.
	// Default: Required.
	Walls NetworkWalls `json:"walls,omitempty"`
	// peers are tenants with which packets may be exchanged, if they list this
	// tenant too; a parent and its child are no exception. Broadcast and multicast
	// reach nobody, the tenant's own containers neither. Default: none.
	Peers []string `json:"peers,omitempty"`
	// host are services of the node that may be reached; the node and link-local
	// addresses are closed except these. A container's published port is a service
	// of the node where the node's own program passes it on (docker-proxy), also to
	// containers of its tenant. Default: none.
	Host []HostService `json:"host,omitempty"`
	// egress are rules for connections that containers open, to whatever is no
	// container of the tenant or of a peer. The first match decides; nothing
	// matched: Allow. A tenant with a parent needs the parent's to allow it too.
	// Default: none.
	Egress []EgressRule `json:"egress,omitempty"`
	// ingress are rules for connections to containers, from whatever is no
	// container of the tenant or of a peer. The first match decides; nothing
	// matched: Allow. A tenant with a parent needs the parent's to allow it too.
	// Default: none.
	Ingress []IngressRule `json:"ingress,omitempty"`
}

// HostService is a service of the node.
type HostService struct {
	// address is "node" for any address of the node, or an IPv4 or IPv6 address.
	Address string `json:"address"`
	// ports of the service. Default: all.
	Ports []Port `json:"ports,omitempty"`
}

// EgressRule allows or denies connections that containers open.
type EgressRule struct {
	// action is Allow or Deny.
	Action NetworkAction `json:"action"`
	// to are the destinations. Default: any.
	To []Peer `json:"to,omitempty"`
	// ports of the destination. Default: all.
	Ports []Port `json:"ports,omitempty"`
}

// IngressRule allows or denies connections to containers.
type IngressRule struct {
	// action is Allow or Deny.
	Action NetworkAction `json:"action"`
	// from are the sources. Default: any.
	From []Peer `json:"from,omitempty"`
	// ports of the container. Default: all.
	Ports []Port `json:"ports,omitempty"`
}

// Peer is the other end of a connection.
type Peer struct {
	// cidr is a range of IPv4 or IPv6 addresses: 10.0.0.0/8, fd00::/8.
	CIDR string `json:"cidr"`
}

// Port is a port of a protocol, or a range of them.
type Port struct {
	// protocol is TCP, UDP or SCTP. Default: TCP.
	Protocol Protocol `json:"protocol,omitempty"`
	// port is a port's number, 1 to 65535.
	Port int64 `json:"port"`
	// endPort is the last of a range that begins with port. Default: port.
	EndPort *int64 `json:"endPort,omitempty"`
}
