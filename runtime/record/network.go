package record

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
)

// Network says where the walls around a container's network stand.
type Network struct {
	// Scope and ID are the container's that they were raised for, and that their
	// names derive from: another that lives in its namespace may have them now.
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
