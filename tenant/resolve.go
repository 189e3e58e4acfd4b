package tenant

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// Annotation names a container's tenant where the node trusts the annotation's
// containerd namespace.
const Annotation = "bulkhead.dev/tenant"

// Kubernetes is the containerd namespace of containerd's CRI plugin, the only
// one in which CRI annotations are the engine's word.
const Kubernetes = "k8s.io"

// Evidence is what is known of a container that its workload cannot write.
type Evidence struct {
	ContainerdNamespace string
	KubernetesNamespace string // of the pod; only from the CRI plugin
	Pinned              string // by the runtime handler's options, or by a flag of the engine's own command line
	Build               bool   // a step of an image build
	Annotated           string // bulkhead.dev/tenant; counts only where trusted
	Sandbox             string // the tenant recorded for the container's sandbox
}

// Unresolved says why a container has no tenant. It refuses the container.
type Unresolved struct{ Reason string }

func (u *Unresolved) Error() string { return "refused: " + u.Reason }

// Resolve returns the tenant that the evidence names. Every fact that names a
// tenant must name the same one. Errors: *Unresolved when the facts name none
// or disagree.
func (s *Store) Resolve(node *Node, e Evidence) (*Policy, error) {
	annotated := ""
	if slices.Contains(node.TrustedAnnotationNamespaces, e.ContainerdNamespace) {
		annotated = e.Annotated
	}
	r := resolution{store: s}
	err := r.named(e.Pinned, "the runtime handler")
	if err == nil {
		err = r.selected(KubernetesNamespace, e.KubernetesNamespace, "Kubernetes namespace")
	}
	if err == nil {
		err = r.selected(ContainerdNamespace, e.ContainerdNamespace, "containerd namespace")
	}
	if err == nil {
		err = r.named(annotated, "annotation "+Annotation)
	}
	if err == nil {
		err = r.named(e.Sandbox, "the sandbox")
	}
	switch {
	case err != nil || r.found != nil:
	case e.Build: // never the default's: a build runs what a file says that anybody wrote
		err = r.named(node.BuildsTenant, "NodePolicy.builds.tenant")
	default:
		err = r.named(node.DefaultTenant, "NodePolicy.defaultTenant")
	}
	if err != nil {
		return nil, err
	}
	if r.found == nil {
		return nil, &Unresolved{e.none()}
	}
	return r.found, nil
}

// resolution is the tenant that the facts so far agree on.
type resolution struct {
	store *Store
	found *Policy
	how   string // the fact that named it
}

// named takes a fact that is a tenant's name.
func (r *resolution) named(name, fact string) error {
	if name == "" {
		return nil
	}
	p, err := r.store.Tenant(name)
	if errors.Is(err, fs.ErrNotExist) {
		return &Unresolved{fmt.Sprintf("%s names tenant %s, which does not exist; see: bulkhead get tenants", fact, name)}
	}
	if err != nil {
		return err
	}
	return r.agree(p, fact)
}

// selected takes a fact that a tenant may select.
func (r *resolution) selected(kind Kind, namespace, fact string) error {
	if namespace == "" {
		return nil
	}
	p, err := r.store.Select(kind, namespace)
	if p == nil || err != nil {
		return err
	}
	return r.agree(p, fmt.Sprintf("%s %s", fact, namespace))
}

func (r *resolution) agree(p *Policy, fact string) error {
	if r.found != nil && r.found.Name != p.Name {
		return &Unresolved{fmt.Sprintf("%s and %s name different tenants; make them agree", r.how, fact)}
	}
	if r.found == nil {
		r.found, r.how = p, fact
	}
	return nil
}

func (e Evidence) none() string {
	switch {
	case e.Build:
		return "no tenant owns the steps of image builds; set NodePolicy.builds.tenant"
	case e.ContainerdNamespace == "":
		return "nothing names the container's tenant; name it with --bulkhead-tenant, or set NodePolicy.defaultTenant"
	case e.KubernetesNamespace != "":
		return fmt.Sprintf("no tenant selects Kubernetes namespace %s; add it to spec.selectors.kubernetesNamespaces of a Tenant, or set NodePolicy.defaultTenant", e.KubernetesNamespace)
	}
	return fmt.Sprintf("no tenant selects containerd namespace %s; add it to spec.selectors.containerdNamespaces of a Tenant, or set NodePolicy.defaultTenant", e.ContainerdNamespace)
}
