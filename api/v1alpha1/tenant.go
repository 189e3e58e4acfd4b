package v1alpha1

// Tenant is a party whose containers must not affect others'. It owns every
// container that its selectors match, and bounds them one by one and together.
type Tenant struct {
	TypeMeta
	// metadata names the tenant.
	Metadata Metadata `json:"metadata"`
	// spec is what the tenant may have.
	Spec TenantSpec `json:"spec"`
}

// TenantSpec is what a tenant may have.
type TenantSpec struct {
	// enforcement says what becomes of a request that exceeds the tenant.
	// Enforce refuses or narrows it; Audit decides and logs everything and
	// changes nothing. Default: Enforce.
	Enforcement Enforcement `json:"enforcement,omitempty"`
	// parent is the tenant whose part this one is: what it has together with
	// all others below the parent is within the parent's limits, and no limit or
	// right of its own is above the parent's. Absent keys come from the parent,
	// also key by key inside of sections; a list or map comes whole. Amounts for
	// each container that come from the parent are lowered to the tenant's
	// limits. Never inherited are selectors and security.exceptions, which name
	// what is the parent's only, and weight, cpus and requests, which are its own
	// place: two children with the requests of their parent would promise them
	// twice. The names of a tenant and all above it have at most 200 characters
	// together, one more for each. Default: none.
	Parent string `json:"parent,omitempty"`
	// selectors say which containers are the tenant's.
	Selectors Selectors `json:"selectors,omitzero"`
	// weight is the tenant's share of the CPU against its siblings, those with
	// the same parent, when the node is busy, 1 to 10000. Pods are weighed by the
	// kubelet. Default: 100.
	Weight *int64 `json:"weight,omitempty"`
	// cpus says whose cores the tenant runs on: Shared, or Exclusive for as many
	// cores as limits.cpu says, a whole number, that no other tenant uses. Only a
	// tenant without a parent and with priority Normal can be Exclusive; those
	// below it share its cores. Default: Shared.
	CPUs CPUs `json:"cpus,omitempty"`
	// priority is Normal, or Idle for CPU that no sibling wants, memory that is
	// reclaimed first, and being the first that the OOM killer takes. All
	// tenants below an Idle one are Idle. Default: Normal.
	Priority Priority `json:"priority,omitempty"`
	// requests are kept for the tenant, whatever others use; a parent keeps at
	// least what all below it do. They are at most the tenant's limits, and not
	// for tenants with priority Idle or below one.
	Requests Requests `json:"requests,omitzero"`
	// limits bound all of the tenant's containers on this node together, over
	// all engines. What is absent is not bounded, except swap and pids.
	Limits Limits `json:"limits,omitzero"`
	// container bounds each of the tenant's containers, as a LimitRange does.
	Container Container `json:"container,omitzero"`
	// security says which rights the tenant's containers have.
	Security Security `json:"security,omitzero"`
	// network says what the tenant's containers may talk to.
	Network Network `json:"network,omitzero"`
	// delegate is the OCI runtime that runs the containers: runc, crun or runsc,
	// of the NodePolicy's delegates. runsc gives each container a kernel of its
	// own (gVisor), and a pod one container. Default: runc.
	Delegate DelegateName `json:"delegate,omitempty"`
}

// Selectors are facts of a container that its workload cannot write. An entry
// is an exact name, or a prefix with one '*' at its end. An exact name beats a
// prefix and a longer prefix a shorter one. Two tenants never select the same.
type Selectors struct {
	// kubernetesNamespaces are Kubernetes namespaces of pods, as the kubelet
	// hands them to containerd. Default: none.
	KubernetesNamespaces []string `json:"kubernetesNamespaces,omitempty"`
	// containerdNamespaces are containerd's own namespaces, as in `ctr -n acme`
	// or `dockerd --containerd-namespace acme`. Default: none.
	ContainerdNamespaces []string `json:"containerdNamespaces,omitempty"`
}
