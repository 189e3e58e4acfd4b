package compile

import (
	"fmt"
	"slices"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// enginesNetworks are containerd namespaces whose engine makes the network of
// a container itself, after its Create or before.
var enginesNetworks = []string{"moby", "plugins.moby", tenant.Kubernetes}

func (k *compiler) nodeNetwork(o *Object, n *v1alpha1.NodeNetwork) tenant.NodeNetwork {
	out := tenant.NodeNetwork{Provide: slices.Clone(n.Provide), Conflist: n.Conflist}
	for i, text := range n.DNS {
		out.DNS = append(out.DNS, k.address(o, fmt.Sprintf("spec.network.dns[%d]", i), text, ""))
	}
	for i, name := range n.Provide {
		key := fmt.Sprintf("spec.network.provide[%d]", i)
		if slices.Contains(enginesNetworks, name) {
			k.bad(o, key, "is "+name+", where the engine makes every network and an empty one means none; remove it")
		} else if what := badNamespace(name); what != "" {
			k.bad(o, key, what)
		}
	}
	slices.Sort(out.Provide)
	out.Provide = slices.Compact(out.Provide)
	if n.Conflist == "" {
		return out
	}
	k.path(o, "spec.network.conflist", n.Conflist)
	if len(n.Provide) == 0 {
		k.bad(o, "spec.network.conflist", "is "+quoted(n.Conflist)+", which only namespaces of spec.network.provide have; add them or remove it")
	}
	return out
}
