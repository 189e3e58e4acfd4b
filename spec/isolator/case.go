package isolator

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Case is what every isolator reads: the tenant's policy, the facts, the
// request as it came, and the shape. Isolators read the Case, never each other.
type Case struct {
	Policy  *tenant.Policy
	Node    *tenant.Node
	Facts   Facts
	Asked   *Request // read-only; nil on Exec and Update
	Created *Created // what the container was created with; nil on Create
	Shape   Shape
}

// NewCase returns the case of a Create.
func NewCase(p *tenant.Policy, n *tenant.Node, f Facts, asked *Request) *Case {
	return &Case{Policy: p, Node: n, Facts: f, Asked: asked, Shape: shapeOf(p, f, asked)}
}

// Created is what is recorded of a running container.
type Created struct {
	Process   *specs.Process        // as accepted
	Resources *specs.LinuxResources // as asked, with every later update
}

// Facts are what others found out about the request and the node, so that this
// package need not look.
type Facts struct {
	Engine       Engine           `json:"engine"`
	Namespace    string           `json:"namespace"` // containerd's
	ContainerID  string           `json:"containerID"`
	Sandbox      string           `json:"sandbox,omitempty"` // id of the CRI sandbox it belongs to
	IsSandbox    bool             `json:"isSandbox,omitempty"`
	PodUID       string           `json:"podUID,omitempty"`
	Pod          string           `json:"pod,omitempty"`  // "<namespace>/<name>"
	Bundle       string           `json:"bundle"`         // absolute path
	TenantCgroup string           `json:"tenantCgroup"`   // the tenant's cgroup, or its slice, as in linux.cgroupsPath
	CPUs         string           `json:"cpus,omitempty"` // the CPUs that the tenant must write into each container; empty: its cgroup does
	Node         NodeFacts        `json:"node"`
	Delegate     Delegate         `json:"delegate"`
	Namespaces   map[string]NSRef `json:"namespaces,omitempty"` // by path: what each named namespace path is
	Fifos        []string         `json:"fifos,omitempty"`      // paths of the request's streams that are fifos

	// BlockDevices are the whole disks that limits.blockIO names, by the path
	// that it has.
	BlockDevices map[string]BlockDevice `json:"blockDevices,omitempty"`

	// Files are what the paths really are that the request's bind mounts and
	// devices and the policy's devices name. One that is missing was not found,
	// or nothing that the node knows grants it.
	Files map[string]File `json:"files,omitempty"`

	// ForeignIDs are the host's user and group IDs that living containers of
	// other tenants have.
	ForeignIDs IDs `json:"foreignIDs,omitzero"`

	// UserLimits are the node's own user.* sysctls, for a request with mappings.
	UserLimits map[string]int64 `json:"userLimits,omitempty"`

	// Binaries are the programs that the request's hooks name, by the hook's
	// path: the real path of the binary, only if it is root's own.
	Binaries map[string]string `json:"binaries,omitempty"`
}

// File is what a path of the request really is, found without following a link
// below the folder that grants it.
type File struct {
	Kind   FileKind `json:"kind"`
	Real   string   `json:"real,omitempty"`   // the path, with the links in the granting folder's own resolved
	Device uint64   `json:"device,omitempty"` // of the file system
	Inode  uint64   `json:"inode,omitempty"`
	Major  int64    `json:"major,omitempty"` // of a device
	Minor  int64    `json:"minor,omitempty"`
	// Volume is the tenant that the volume was first mounted for; empty: nobody's yet.
	Volume string `json:"volume,omitempty"`
	// Guarded: nobody but root can put another file into its place.
	Guarded bool `json:"guarded,omitempty"`
	// Origins are the node's other paths to it where a mount ends at the path
	// itself: Docker and the kubelet mount a part of a volume, or of a folder of
	// the node, elsewhere before they hand it over.
	Origins []string `json:"origins,omitempty"`
}

// FileKind is the type of a file.
type FileKind string

const (
	Folder  FileKind = "folder"
	Regular FileKind = "file"
	Socket  FileKind = "socket"
	Fifo    FileKind = "fifo"
	Block   FileKind = "block"
	Char    FileKind = "char"
)

// IDs are ranges of the host's IDs.
type IDs struct {
	UIDs []IDRange `json:"uids,omitempty"`
	GIDs []IDRange `json:"gids,omitempty"`
}

// IDRange is Size IDs from First on, and who has them.
type IDRange struct {
	First  uint32 `json:"first"`
	Size   uint32 `json:"size"`
	Tenant string `json:"tenant"`
}

// BlockDevice is a device by its numbers.
type BlockDevice struct {
	Major int64 `json:"major"`
	Minor int64 `json:"minor"`
}

// Engine is who calls.
type Engine string

const (
	Containerd Engine = "containerd" // ctr, nerdctl, clients of the API
	Docker     Engine = "docker"
	CRI        Engine = "cri" // containerd's CRI plugin, for a kubelet

	// Those that run an OCI runtime's command line.
	BuildKit Engine = "buildkit"
	Buildah  Engine = "buildah"
	Podman   Engine = "podman" // and whoever else runs containers so
)

// Brings reports whether the container may come with namespaces that its engine
// made for it before.
func (f Facts) Brings() bool { return f.IsSandbox || f.Engine == Podman }

// Builds reports an engine whose containers are steps of image builds.
func (e Engine) Builds() bool { return e == BuildKit || e == Buildah }

// NodeFacts are what the node can do.
type NodeFacts struct {
	Cgroup       string   `json:"cgroup"`       // "v1", "hybrid" or "v2"
	Controllers  []string `json:"controllers"`  // controllers that a limit can be set with
	SwapLimit    bool     `json:"swapLimit"`    // memory and swap can be limited together
	Capabilities []string `json:"capabilities"` // the shim's bounding set
	Architecture string   `json:"architecture"` // GOARCH
	CPUs         int      `json:"cpus"`         // online
	OOMScoreAdj  int      `json:"oomScoreAdj"`  // the shim's own, which a process without one inherits
	AppArmor     bool     `json:"appArmor"`     // engines can use it
}

// Delegate is what the delegate can do, from its features.
type Delegate struct {
	Path          string `json:"path"`
	StateRoot     string `json:"stateRoot"`     // its --root
	OCIVersionMax string `json:"ociVersionMax"` // newest version that it accepts
	// SeccompFlags are the filter flags that it knows; none before runc 1.2.
	SeccompFlags []string `json:"seccompFlags,omitempty"`
	// RecursiveReadOnly: it and the kernel can make a mount read-only with all
	// that is mounted below it ("rro"; runc 1.1, mount_setattr(2) of Linux 5.12).
	RecursiveReadOnly bool   `json:"recursiveReadOnly,omitempty"`
	RuncVersion       string `json:"runcVersion,omitempty"` // "1.5.2"; empty: it is no runc, or does not say
	// Sandbox: the container gets a kernel of its own, in a process on the node
	// (runsc).
	Sandbox bool `json:"sandbox,omitempty"`
}

// NSRef is what a namespace path really is.
type NSRef struct {
	Type  specs.LinuxNamespaceType `json:"type,omitempty"`  // empty: not a namespace
	Host  bool                     `json:"host,omitempty"`  // it is the host's own
	Owner *Owner                   `json:"owner,omitempty"` // the living container that holds it
	// Mounted: it is mounted at the path itself, where nobody but root can put
	// another. Found only for those that may bring one.
	Mounted bool `json:"mounted,omitempty"`
}

// Owner is a recorded container that lives, or is being made: it may still come
// to nothing, so nobody can join it.
type Owner struct {
	Tenant    string `json:"tenant"`
	Container string `json:"container"`
	Sandbox   string `json:"sandbox,omitempty"`
	Unmade    bool   `json:"unmade,omitempty"`
}
