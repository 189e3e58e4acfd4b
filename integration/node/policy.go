package node

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Policy is what a node is told: the spec of each tenant and of the node, as
// indented YAML without the parts that follow from the node.
type Policy struct {
	Tenants map[string]string // name, also of its containerd namespace, to its spec
	Node    string            // spec of the NodePolicy
	Pods    bool              // tenants own the Kubernetes namespaces of their names too

	// Namespaces are the containerd namespaces of tenants who have others than
	// the node's of their names.
	Namespaces map[string]string
}

// yaml completes the policy: a tenant owns the node's namespace of its name.
func (p Policy) yaml(n *Node) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p.Tenants)) {
		fmt.Fprintf(&b, "apiVersion: bulkhead.dev/v1alpha1\nkind: Tenant\nmetadata: {name: %s}\nspec:\n", name)
		pods := ""
		if p.Pods {
			pods = ", kubernetesNamespaces: [" + name + "]"
		}
		namespace := cmp.Or(p.Namespaces[name], n.Namespace(name))
		fmt.Fprintf(&b, "  selectors: {containerdNamespaces: [%s]%s}\n%s\n---\n", namespace, pods, indent(p.Tenants[name]))
	}
	fmt.Fprintf(&b, "apiVersion: bulkhead.dev/v1alpha1\nkind: NodePolicy\nmetadata: {name: default}\nspec:\n")
	delegates := "runc: " + n.Engine.Runc
	if strings.Contains(b.String(), "delegate: runsc") { // an older Bulkhead knows none
		delegates += ", runsc: " + n.Engine.Runsc()
	}
	fmt.Fprintf(&b, "  delegates: {%s}\n%s\n", delegates, indent(p.Node))
	return b.String()
}

func indent(spec string) string {
	var b strings.Builder
	for line := range strings.Lines(spec) {
		if strings.TrimSpace(line) != "" {
			b.WriteString("  " + line)
		}
	}
	return b.String()
}
