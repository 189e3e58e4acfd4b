package compile

import (
	"cmp"
	"fmt"
	"path/filepath"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// node compiles the NodePolicy; nil: every key has its default.
func (k *compiler) node(o *Object) {
	if o == nil {
		o = &Object{NodePolicy: new(v1alpha1.NodePolicy)}
		o.NodePolicy.Metadata.Name = v1alpha1.NodePolicyName
	}
	if o.Name() != v1alpha1.NodePolicyName {
		k.bad(o, "metadata.name", "is "+quoted(o.Name())+"; want "+v1alpha1.NodePolicyName+": a node has one NodePolicy")
	}
	spec := &o.NodePolicy.Spec
	k.exemptions(o, tenant.KubernetesNamespace, "spec.exemptions.kubernetesNamespaces", spec.Exemptions.KubernetesNamespaces)
	k.exemptions(o, tenant.ContainerdNamespace, "spec.exemptions.containerdNamespaces", spec.Exemptions.ContainerdNamespaces)
	k.out.Node = &tenant.Node{
		DefaultTenant:               k.existing(o, "spec.defaultTenant", spec.DefaultTenant),
		BuildsTenant:                k.existing(o, "spec.builds.tenant", spec.Builds.Tenant),
		TrustedAnnotationNamespaces: k.trusted(o, spec.TenantAnnotation.TrustedContainerdNamespaces),
		Delegates:                   map[string]string{}, // empty: the shim looks for it
		Stdio: tenant.Stdio{
			LogFolders:  k.paths(o, "spec.stdio.logFolders", spec.Stdio.LogFolders),
			LogBinaries: k.paths(o, "spec.stdio.logBinaries", spec.Stdio.LogBinaries),
		},
		EngineRoots: k.paths(o, "spec.engineRoots", spec.EngineRoots),
		AuditLog: tenant.AuditLog{
			Record:  cmp.Or(string(spec.Audit.Record), tenant.DefaultAuditLog.Record),
			Path:    cmp.Or(spec.Audit.Path, tenant.DefaultAuditLog.Path),
			OnError: cmp.Or(string(spec.Audit.OnError), tenant.DefaultAuditLog.OnError),
		},
		Reserved:    k.amounts(o, "spec.reserved", &spec.Reserved),
		TenantTotal: tenant.TenantTotal(cmp.Or(spec.Kubernetes.TenantTotal, v1alpha1.TenantTotal(tenant.Report))),
		Network:     k.nodeNetwork(o, &spec.Network),
	}
	if spec.EngineRoots == nil {
		k.out.Node.EngineRoots = []string{"/var/lib/docker", "/var/lib/containerd", "/run/containerd", "/var/lib/kubelet", "/var/lib/nerdctl", "/var/lib/buildkit", "/var/lib/containers/storage", "/run/containers/storage"}
	}
	k.tenantPaths(o, spec.TenantPaths)
	k.path(o, "spec.audit.path", k.out.Node.AuditLog.Path)
	for _, d := range []struct{ name, path string }{{"runc", spec.Delegates.Runc}, {"crun", spec.Delegates.Crun}, {"runsc", spec.Delegates.Runsc}} {
		if d.path != "" {
			k.path(o, "spec.delegates."+d.name, d.path)
			k.out.Node.Delegates[d.name] = d.path
		}
	}
}

// existing checks that a tenant which the node names is there.
func (k *compiler) existing(o *Object, key, name string) string {
	if name == "" || k.out.Tenants[name] != nil {
		return name
	}
	k.bad(o, key, "is "+quoted(name)+", which does not exist; "+k.fixTenant(name))
	return name
}

// trusted checks where the annotation counts. A pod's annotations are written
// by its owner, so in the CRI plugin's namespace they are no evidence.
func (k *compiler) trusted(o *Object, names []string) []string {
	for i, name := range names {
		key := fmt.Sprintf("spec.tenantAnnotation.trustedContainerdNamespaces[%d]", i)
		if name == tenant.Kubernetes {
			k.bad(o, key, "is k8s.io, where pods write their annotations themselves; use kubernetesNamespaces of each tenant")
		} else if what := badNamespace(name); what != "" {
			k.bad(o, key, what)
		}
	}
	return names
}

func (k *compiler) paths(o *Object, list string, paths []string) []string {
	for i, p := range paths {
		k.path(o, fmt.Sprintf("%s[%d]", list, i), p)
	}
	return paths
}

// path refuses what is not one plain place below the root.
func (k *compiler) path(o *Object, key, p string) {
	switch {
	case !filepath.IsAbs(p):
		k.bad(o, key, "is "+quoted(p)+"; want an absolute path")
	case filepath.Clean(p) == "/":
		k.bad(o, key, "is /, which is everything; name a folder or file")
	case filepath.Clean(p) != p:
		k.bad(o, key, "is "+quoted(p)+"; want "+filepath.Clean(p))
	}
}
