package main

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

func listNodePolicy(root tenant.Root) (*listing, error) {
	l := &listing{header: []string{"NAME", "DEFAULT TENANT", "EXEMPTIONS", "AUDIT"}, wide: []string{"AUDIT PATH", "RUNC"}}
	st, err := tenant.Open(root)
	if errors.Is(err, tenant.ErrNoPolicy) {
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	node, err := st.Node()
	if err != nil {
		return nil, err
	}
	objects, err := compile.LoadVersion(st)
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		if o.NodePolicy == nil {
			continue
		}
		e := o.NodePolicy.Spec.Exemptions
		l.add(item{
			name:   o.Ref(),
			cells:  []string{o.Name(), cmp.Or(node.DefaultTenant, "-"), strconv.Itoa(len(e.KubernetesNamespaces) + len(e.ContainerdNamespaces)), node.AuditLog.Record},
			wide:   []string{node.AuditLog.Path, cmp.Or(node.Delegates["runc"], "-")},
			object: asJSON(o),
			text:   o.Text,
		})
	}
	return l, nil
}

// listExemptions lists what is exempt on the node, which is what the shim looks at.
func listExemptions(root tenant.Root) (*listing, error) {
	l := &listing{header: []string{"KIND", "NAMESPACE"}}
	for _, kind := range []tenant.Kind{tenant.KubernetesNamespace, tenant.ContainerdNamespace} {
		names, err := compile.Exemptions(root, kind)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			l.add(item{
				name:   fmt.Sprintf("%s/%s", kind, name),
				cells:  []string{string(kind), name},
				object: map[string]any{"kind": kind, "namespace": name},
			})
		}
	}
	return l, nil
}

func listVersions(root tenant.Root) (*listing, error) {
	l := &listing{header: []string{"VERSION", "IN FORCE", "TENANTS", "CONTAINERS", "APPLIED"}}
	versions, err := compile.Timeline(root)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		current := "-"
		if v.Current {
			current = "yes"
		}
		l.add(item{
			name:   v.Name,
			cells:  []string{short(v.Name), current, strconv.Itoa(v.Tenants), strconv.Itoa(v.Containers), age(v.Applied)},
			object: v,
		})
	}
	return l, nil
}

// trimKind is the name in "tenant/acme".
func trimKind(name string) string { return name[strings.IndexByte(name, '/')+1:] }
