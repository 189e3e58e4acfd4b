package record

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
)

// Network says where the walls around a container's network stand, and where its
// packets wait for their bandwidth.
type Network struct {
	// Scope and ID are the container's that the walls were raised for, and that
	// their names derive from: another that lives in its namespace may have them now.
	Scope string `json:"scope"`
	ID    string `json:"id"`
	// Outside is the network namespace that they stand in, which has the other
	// ends of the container's interfaces: the engine's.
	Outside Namespace `json:"outside"`
	// Witness is a process that is in that namespace, the container's shim.
	Witness Process `json:"witness"`
	// Interfaces are those that have walls, as they were when these were raised:
	// what a container says of its own interfaces later is not believed where it
	// can change them.
	Interfaces []facts.Interface `json:"interfaces,omitempty"`
	// Leaf is the number of its classes of bandwidth, on the device of the Outermost
	// tenant above the container's. 0: there was no limit.
	Leaf      uint16 `json:"leaf,omitempty"`
	Outermost string `json:"outermost,omitempty"`
}

// Ends are the node's ends of the interfaces.
func (n *Network) Ends() (names []string) {
	for _, i := range n.Interfaces {
		if i.Host != "" {
			names = append(names, i.Host)
		}
	}
	return names
}

// NetworkNamespace is that of the container, false where it has the node's.
func (r *Record) NetworkNamespace() (Namespace, bool) {
	for _, ns := range r.Namespaces {
		if ns.Type == specs.NetworkNamespace {
			return ns, true
		}
	}
	return Namespace{}, false
}
