package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// badName says what is wrong with a name of a kind of namespace.
func badName(kind tenant.Kind, name string) string {
	if kind == tenant.KubernetesNamespace {
		return badLabel(name)
	}
	return badNamespace(name)
}

func (k *compiler) selectors(o *Object) {
	s := o.Tenant.Spec.Selectors
	k.selector(o, tenant.KubernetesNamespace, "spec.selectors.kubernetesNamespaces", s.KubernetesNamespaces)
	k.selector(o, tenant.ContainerdNamespace, "spec.selectors.containerdNamespaces", s.ContainerdNamespaces)
}

func (k *compiler) selector(o *Object, kind tenant.Kind, list string, names []string) {
	for i, written := range names {
		key := fmt.Sprintf("%s[%d]", list, i)
		name, prefix := strings.CutSuffix(written, "*")
		switch {
		case written == "*":
			k.bad(o, key, `is "*", which selects every namespace; remove it and set defaultTenant: `+o.Name()+" in the NodePolicy")
			continue
		case strings.Contains(name, "*"):
			k.bad(o, key, "is "+quoted(written)+`; want a name, or a prefix with one "*" at its end`)
			continue
		}
		probe := name
		if prefix {
			probe += "x" // the shortest name that it selects
		}
		if what := badName(kind, probe); what != "" {
			k.bad(o, key, strings.Replace(what, quoted(probe), quoted(written), 1))
			continue
		}
		if other, ok := k.selected[string(kind)+"/"+written]; ok {
			k.bad(o, key, fmt.Sprintf("is %s, which tenant %s selects too (%s); remove one", quoted(written), other.o.Name(), other))
			continue
		}
		k.selected[string(kind)+"/"+written] = place{o, key}
		k.hint(o, kind, key, written)
		into := k.out.Selectors
		if prefix {
			into = k.out.Prefixes
		}
		if into[kind] == nil {
			into[kind] = map[string]string{}
		}
		into[kind][name] = o.Name()
	}
}

// hint warns of namespaces that hold more than one may think.
func (k *compiler) hint(o *Object, kind tenant.Kind, key, name string) {
	if kind != tenant.ContainerdNamespace {
		return
	}
	switch name {
	case tenant.Kubernetes:
		k.warn(o, key, "is k8s.io, which holds every pod of this node; select pods by kubernetesNamespaces")
	case "moby":
		k.warn(o, key, "is moby, which holds every container of this node's Docker; for a daemon of its own use dockerd --containerd-namespace "+o.Name())
	}
}

// exemptions checks the namespaces of one kind that run as asked.
func (k *compiler) exemptions(o *Object, kind tenant.Kind, list string, names []string) {
	for i, name := range names {
		key := fmt.Sprintf("%s[%d]", list, i)
		if strings.HasSuffix(name, "*") {
			k.bad(o, key, "is "+quoted(name)+"; an exemption is an exact name, list each")
			continue
		}
		if what := badName(kind, name); what != "" {
			k.bad(o, key, what)
			continue
		}
		if other, ok := k.selected[string(kind)+"/"+name]; ok {
			k.bad(o, key, fmt.Sprintf("is %s, which tenant %s selects (%s); remove one", name, other.o.Name(), other))
			continue
		}
		if kind == tenant.ContainerdNamespace && (name == tenant.Kubernetes || name == "moby") {
			k.warn(o, key, "is "+name+", which holds every container of that engine: none of them is bounded")
		}
		k.out.Exemptions[kind] = append(k.out.Exemptions[kind], name)
	}
	slices.Sort(k.out.Exemptions[kind])
	k.out.Exemptions[kind] = slices.Compact(k.out.Exemptions[kind])
}
