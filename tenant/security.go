package tenant

// Security holds the level and the only things above it.
type Security struct {
	Level           Level         `json:"level"`
	OnExcess        OnExcess      `json:"onExcess"`
	UserNamespace   UserNamespace `json:"userNamespace"`
	AppArmorProfile string        `json:"appArmorProfile,omitempty"` // empty: the engine's
	Exceptions      Exceptions    `json:"exceptions"`
}

// UserNamespace says whether a container's IDs are its own.
type UserNamespace string

const (
	Required  UserNamespace = "Required"  // a container without is refused
	Preferred UserNamespace = "Preferred" // one is accepted
	Never     UserNamespace = "Never"     // a container with one is refused
)

// Exceptions are granted above the level. They are never inherited.
type Exceptions struct {
	Capabilities   []string    `json:"capabilities,omitempty"`   // "CAP_NET_RAW"
	HostNamespaces []string    `json:"hostNamespaces,omitempty"` // "Network", "PID", "IPC"
	RunAsRoot      bool        `json:"runAsRoot,omitempty"`
	HostPaths      []HostPath  `json:"hostPaths,omitempty"`
	Devices        []Device    `json:"devices,omitempty"`
	CDIDevices     []CDIDevice `json:"cdiDevices,omitempty"` // as the node's CDI files had them when the policy was applied
	Sysctls        []string    `json:"sysctls,omitempty"`    // "net.core.somaxconn"
}

// HostPath is a folder or file of the node, with all below it.
type HostPath struct {
	Path     string `json:"path"` // absolute, clean
	ReadOnly bool   `json:"readOnly,omitempty"`
}

// Device is a device of the node.
type Device struct {
	Path        string `json:"path"`        // absolute path of the device node on the host
	Permissions string `json:"permissions"` // of "rwm", in this order
}

// CDIDevice is a device of the Container Device Interface, with what its file
// edits into a container's spec.
// Source: https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md
type CDIDevice struct {
	Name   string     `json:"name"` // "nvidia.com/gpu=0"
	Nodes  []CDINode  `json:"nodes,omitempty"`
	Mounts []CDIMount `json:"mounts,omitempty"`
	Hooks  []CDIHook  `json:"hooks,omitempty"`
}

// CDINode is a device node.
type CDINode struct {
	Path        string `json:"path"`        // in the container
	HostPath    string `json:"hostPath"`    // on the node
	Type        string `json:"type"`        // "b" or "c"
	Major       int64  `json:"major"`       // of the node when the policy was applied
	Minor       int64  `json:"minor"`       //
	Permissions string `json:"permissions"` // of "rwm", in this order
}

// CDIMount is a bind mount.
type CDIMount struct {
	HostPath      string   `json:"hostPath"`
	ContainerPath string   `json:"containerPath"`
	Type          string   `json:"type,omitempty"`
	Options       []string `json:"options,omitempty"`
}

// CDIHook is a program that the delegate runs.
type CDIHook struct {
	Stage   string   `json:"stage"` // "createContainer"
	Path    string   `json:"path"`
	Args    []string `json:"args,omitempty"`
	Env     []string `json:"env,omitempty"`
	Timeout *int     `json:"timeout,omitempty"` // seconds
}
