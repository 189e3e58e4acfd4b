package v1alpha1

// Security says which rights a tenant's containers have.
type Security struct {
	// level is the level of the Kubernetes Pod Security Standards that every
	// container keeps: privileged, baseline or restricted. Default: baseline.
	Level Level `json:"level,omitempty"`
	// auditLevel is a level that is also judged, and only logged. Default: none.
	AuditLevel Level `json:"auditLevel,omitempty"`
	// onExcess says what becomes of a request above the level. Refuse: the
	// container does not start. Narrow: what a process notices at once
	// (capabilities, devices, host namespaces, annotations, sysctls) is removed;
	// the rest is refused. Default: Refuse.
	OnExcess OnExcess `json:"onExcess,omitempty"`
	// userNamespace says whether a container's IDs are its own: Required,
	// Preferred (where engine and node can) or Never. Default: Preferred.
	UserNamespace UserNamespace `json:"userNamespace,omitempty"`
	// seccompProfile bounds the system calls.
	SeccompProfile Profile `json:"seccompProfile,omitzero"`
	// appArmorProfile is the AppArmor profile of every container, on nodes that
	// have AppArmor.
	AppArmorProfile Profile `json:"appArmorProfile,omitzero"`
	// seLinuxOptions are the SELinux labels, on nodes that have SELinux.
	SELinuxOptions SELinuxOptions `json:"seLinuxOptions,omitzero"`
	// exceptions are the only things above the level that the tenant may have.
	// They are never inherited.
	Exceptions Exceptions `json:"exceptions,omitzero"`
}

// Profile names a seccomp or AppArmor profile.
type Profile struct {
	// type is RuntimeDefault, or Localhost for the profile that localhostProfile
	// names. Default: RuntimeDefault.
	Type ProfileType `json:"type,omitempty"`
	// localhostProfile names a profile of this node; only with type Localhost.
	LocalhostProfile string `json:"localhostProfile,omitempty"`
}

// SELinuxOptions are SELinux labels.
type SELinuxOptions struct {
	// level is the MCS level: "s0:c12,c34". Default: the engine's.
	Level string `json:"level,omitempty"`
}

// Exceptions are granted above the level.
type Exceptions struct {
	// capabilities that a container may ask for, with or without CAP_:
	// [NET_RAW]. Default: none.
	Capabilities []string `json:"capabilities,omitempty"`
	// runAsRoot lets containers run as root at level restricted.
	// Default: false.
	RunAsRoot bool `json:"runAsRoot,omitempty"`
	// hostNamespaces of the node that a container may ask for: Network (with
	// UTS), PID, IPC. Default: none.
	HostNamespaces []HostNamespace `json:"hostNamespaces,omitempty"`
	// hostPaths of the node that a container may mount. Default: none.
	HostPaths []HostPath `json:"hostPaths,omitempty"`
	// devices of the node that a container may use. Default: none.
	Devices []Device `json:"devices,omitempty"`
	// cdiDevices that a container may ask for, by their CDI names, with one '*'
	// at the end: "nvidia.com/gpu=*". Default: none.
	CDIDevices []string `json:"cdiDevices,omitempty"`
	// sysctls that a container may set beyond the safe ones. Default: none.
	Sysctls []string `json:"sysctls,omitempty"`
}

// HostPath is a folder or file of the node.
type HostPath struct {
	// path is absolute; everything below it is granted too.
	Path string `json:"path"`
	// readOnly mounts it read-only, whatever is asked. Default: false.
	ReadOnly bool `json:"readOnly,omitempty"`
}

// Device is a device of the node.
type Device struct {
	// path is the device node: /dev/fuse.
	Path string `json:"path"`
	// permissions are r (read), w (write) and m (make the node). Default: rw.
	Permissions string `json:"permissions,omitempty"`
}
