package v1alpha1

// NodePolicy is what the node itself decides. There is at most one, named
// default; without it every key has its default.
type NodePolicy struct {
	TypeMeta
	// metadata names the policy: default.
	Metadata Metadata `json:"metadata"`
	// spec is what the node decides.
	Spec NodePolicySpec `json:"spec"`
}

// NodePolicySpec is what the node itself decides.
type NodePolicySpec struct {
	// defaultTenant owns the containers that no tenant selects. Default: none, a
	// container without a tenant is refused.
	DefaultTenant string `json:"defaultTenant,omitempty"`
	// exemptions are namespaces whose containers run as asked, by the plain
	// delegate. Each start is audited.
	Exemptions Exemptions `json:"exemptions,omitzero"`
	// tenantAnnotation says where the annotation bulkhead.dev/tenant counts.
	TenantAnnotation TenantAnnotation `json:"tenantAnnotation,omitzero"`
	// builds says whose the steps of image builds are.
	Builds Builds `json:"builds,omitzero"`
	// network is what every tenant's network has.
	Network NodeNetwork `json:"network,omitzero"`
	// kubernetes says how pods are counted.
	Kubernetes Kubernetes `json:"kubernetes,omitzero"`
	// reserved is kept for the node itself; apply refuses requests and cores of
	// tenants' own above the node less this.
	Reserved Requests `json:"reserved,omitzero"`
	// delegates are the OCI runtimes of this node.
	Delegates Delegates `json:"delegates,omitzero"`
	// stdio says where containers' output may go besides the engine's pipes.
	Stdio Stdio `json:"stdio,omitzero"`
	// engineRoots are absolute folders where engines and the kubelet keep what
	// they mount into containers: root filesystems, volumes, /etc/hosts. Default:
	// [/var/lib/docker, /var/lib/containerd, /run/containerd, /var/lib/kubelet,
	// /var/lib/nerdctl, /var/lib/buildkit, /var/lib/containers/storage,
	// /run/containers/storage].
	EngineRoots []string `json:"engineRoots,omitempty"`
	// tenantPaths are folders of the node that each tenant may mount, its own of
	// them: one part of a path is {tenant}, which stands for its name, as in
	// /srv/tenants/{tenant}. Whoever fills such a folder is trusted with what is
	// in it. Default: none.
	TenantPaths []HostPath `json:"tenantPaths,omitempty"`
	// audit says what is recorded, and where.
	Audit Audit `json:"audit,omitzero"`
}

// Exemptions are namespaces whose containers run as asked. Names are exact.
type Exemptions struct {
	// kubernetesNamespaces are Kubernetes namespaces. Default: none.
	KubernetesNamespaces []string `json:"kubernetesNamespaces,omitempty"`
	// containerdNamespaces are containerd namespaces. Default: none.
	ContainerdNamespaces []string `json:"containerdNamespaces,omitempty"`
}

// TenantAnnotation says where the annotation bulkhead.dev/tenant counts.
type TenantAnnotation struct {
	// trustedContainerdNamespaces are containerd namespaces whose clients may
	// name the tenant of a container. Listing one lets every client of that
	// socket name any tenant. Default: none.
	TrustedContainerdNamespaces []string `json:"trustedContainerdNamespaces,omitempty"`
}

// Builds says whose image builds are.
type Builds struct {
	// tenant owns the steps of image builds (docker build, buildah) whose engine
	// runs bulkhead-runc and names no tenant. Default: none, they are refused.
	Tenant string `json:"tenant,omitempty"`
}

// NodeNetwork is what every tenant's network has.
type NodeNetwork struct {
	// dns are addresses whose port 53 is open to every tenant. Default: none.
	DNS []string `json:"dns,omitempty"`
	// provide are containerd namespaces where a new network namespace means the
	// tenant's, for tenants whose network.namespace is Tenant: it is made for the
	// first container and removed after the last. Never moby and k8s.io, where
	// the engine makes the network. Default: none.
	Provide []string `json:"provide,omitempty"`
	// conflist is the absolute path of a CNI network configuration list, which
	// connects the namespaces of provide. Default: none, they have loopback only.
	Conflist string `json:"conflist,omitempty"`
}

// Kubernetes says how pods are counted.
type Kubernetes struct {
	// tenantTotal says what happens to a pod that its tenant has no room for:
	// Report, or Refuse, which Kubernetes does not reschedule. Default: Report.
	TenantTotal TenantTotal `json:"tenantTotal,omitempty"`
}

// Delegates are absolute paths of OCI runtimes.
type Delegates struct {
	// runc is the path of runc. Default: the first of /usr/local/sbin,
	// /usr/local/bin, /usr/sbin, /usr/bin, /sbin and /bin that has it.
	Runc string `json:"runc,omitempty"`
	// crun is the path of crun. Default: it is looked for where runc is.
	Crun string `json:"crun,omitempty"`
	// runsc is the path of gVisor's runsc. Default: it is looked for where runc is.
	Runsc string `json:"runsc,omitempty"`
}

// Stdio says where containers' output may go besides the engine's pipes.
type Stdio struct {
	// logFolders are absolute folders in which an engine may have output written
	// to a file. Default: none.
	LogFolders []string `json:"logFolders,omitempty"`
	// logBinaries are absolute programs that an engine may have output piped to;
	// they run as root on the node. Default: none.
	LogBinaries []string `json:"logBinaries,omitempty"`
}

// Audit says what is recorded, and where.
type Audit struct {
	// record says which decisions are recorded: Denied, Changed (what was denied,
	// narrowed or exempted) or All. Default: Changed.
	Record AuditRecord `json:"record,omitempty"`
	// sink is where the log goes: File or Journald. Default: File.
	Sink AuditSink `json:"sink,omitempty"`
	// path is the absolute path of the log, one JSON object a line; only with
	// sink File. Default: /var/log/bulkhead/audit.jsonl.
	Path string `json:"path,omitempty"`
	// onError says what happens to a container when the log cannot be written:
	// Continue or Refuse. Default: Continue.
	OnError AuditOnError `json:"onError,omitempty"`
}
