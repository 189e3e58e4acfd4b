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

// pods warns of limits that bind the containers of pods one by one: no cgroup
// of the tenant is above them. What they are given of CPU, memory and pids is
// added up, of the rest it is not.
func (k *compiler) pods(o *Object, p *tenant.Policy) {
	if len(o.Tenant.Spec.Selectors.KubernetesNamespaces) == 0 {
		return
	}
	alone := func(key string, set bool) {
		if set {
			k.warn(o, key, "each of its pods' containers may have all of it: what pods use is not added up")
		}
	}
	alone("spec.limits.swap", p.Limits.SwapBytes > 0)
	for _, page := range hugePages {
		alone("spec.limits."+page.key, p.Limits.Hugepages[page.name] > 0)
	}
	alone("spec.limits.blockIO", len(p.Limits.BlockIO) > 0)

	if p.Enforcement == tenant.Audit {
		return // gives no container a default
	}
	k.uncounted(o, "cpu", p.Limits.CPUMilli, p.Container.Default.CPUMilli)
	k.uncounted(o, "memory", p.Limits.MemoryBytes, p.Container.Default.MemoryBytes)
}

// uncounted warns of a limit that a pod's container which asks for none adds
// nothing to: its own is then the tenant's whole, by a default that is missing
// or as large. The default is already the maximum where that alone is set.
func (k *compiler) uncounted(o *Object, name string, limit, byDefault *int64) {
	if limit != nil && (byDefault == nil || *byDefault >= *limit) {
		k.warn(o, "spec.limits."+name, "a pod's container that asks for no limit counts nothing toward limits."+name+"; set container.default."+name+" below it")
	}
}
