package compile

import (
	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// kubelets warns of what a tenant with pods has that the kubelet decides for
// pods: they stay in its cgroups.
func (k *compiler) kubelets(o *Object) {
	spec := &o.Tenant.Spec
	if len(spec.Selectors.KubernetesNamespaces) == 0 {
		return
	}
	const theirs = "does not reach the tenant's pods, whose cgroups are the kubelet's; "
	if spec.Weight != nil && *spec.Weight != defaultWeight {
		k.warn(o, "spec.weight", theirs+"their share is by the requests of their containers")
	}
	if spec.Priority == v1alpha1.Priority(tenant.Idle) {
		k.warn(o, "spec.priority", theirs+"their place is by their QoS class and PriorityClass")
	}
	if spec.CPUs == v1alpha1.CPUs(tenant.Exclusive) {
		k.warn(o, "spec.cpus", theirs+"their cores are by its CPU manager")
	}
	if spec.Requests.CPU != nil || spec.Requests.Memory != nil {
		k.warn(o, "spec.requests", theirs+"what is kept for them is by the requests of their containers")
	}
}
