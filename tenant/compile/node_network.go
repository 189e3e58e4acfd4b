package compile

import (
	"fmt"
	"slices"
	"strings"

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

// unprovided warns of a tenant that writes that its containers share a network,
// where the node makes none.
func (k *compiler) unprovided(tenants []*Object) {
	const key = "spec.network.namespace"
	node := k.out.Node
	for _, o := range tenants {
		selects := func(namespace string) bool {
			return slices.ContainsFunc(o.Tenant.Spec.Selectors.ContainerdNamespaces, func(selector string) bool {
				prefix, many := strings.CutSuffix(selector, "*")
				return namespace == selector || many && strings.HasPrefix(namespace, prefix)
			})
		}
		if o.Tenant.Spec.Network.Namespace == "Tenant" && node.DefaultTenant != o.Name() && !slices.ContainsFunc(node.Network.Provide, selects) {
			k.warn(o, key, "is Tenant, but none of its containerd namespaces is in network.provide of the NodePolicy: each container has a network of its own")
		}
	}
}
