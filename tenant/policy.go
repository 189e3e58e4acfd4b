// Package tenant says who a container belongs to and what that tenant may
// have. It reads the compiled policy that `bulkhead apply` wrote and never
// writes it. It trusts the files under the policy store (root's own) and
// nothing that a container, an image or an engine's client can set.
//
// The package uses the standard library only: every shim links it.
package tenant

// Enforcement says what a denial does.
type Enforcement string

const (
	Enforce Enforcement = "Enforce" // a denial refuses the request
	Audit   Enforcement = "Audit"   // a denial is logged, the request passes unchanged
)

// Level is one of the three levels of the Kubernetes Pod Security Standards.
// Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
type Level string

const (
	Privileged Level = "privileged"
	Baseline   Level = "baseline"
	Restricted Level = "restricted"
)

// OnExcess says what happens to a request for what a process notices at once
// (capabilities, host namespaces, annotations).
type OnExcess string

const (
	Refuse OnExcess = "Refuse"
	Narrow OnExcess = "Narrow"
)

// Policy is one tenant, compiled: inheritance resolved, quantities as
// integers, defaults written out. A nil quantity is not bounded.
type Policy struct {
	Name        string      `json:"name"`
	Ancestors   []string    `json:"ancestors,omitempty"` // its parent last, the outermost first
	Below       []string    `json:"below,omitempty"`     // every tenant that has it among its ancestors, sorted
	Enforcement Enforcement `json:"enforcement"`
	Weight      int64       `json:"weight"`   // share against its siblings, 1..10000
	Priority    Priority    `json:"priority"` // Normal or Idle
	CPUs        CPUs        `json:"cpus"`     // Shared or Exclusive
	Requests    Amounts     `json:"requests"` // for the tenant and all below it
	Limits      Limits      `json:"limits"`
	Container   Container   `json:"container"`
	Security    Security    `json:"security"`
	Network     Network     `json:"network"`
	Delegate    string      `json:"delegate"` // name of a delegate of Node.Delegates
}

// Priority is a tenant's place when the node is short of something.
type Priority string

const (
	Normal Priority = "Normal"
	Idle   Priority = "Idle" // idle CPU only, first reclaimed, first OOM-killed
)

// CPUs says whose cores a tenant runs on.
type CPUs string

const (
	Shared    CPUs = "Shared"
	Exclusive CPUs = "Exclusive" // whole cores of Limits.CPUMilli, nobody else's
)

// Amounts are kept for somebody; zero is nothing.
type Amounts struct {
	CPUMilli    int64 `json:"cpuMilli"`    // thousandths of a CPU
	MemoryBytes int64 `json:"memoryBytes"` // bytes
}

// Limits bound the whole tenant on this node.
type Limits struct {
	CPUMilli    *int64           `json:"cpuMilli,omitempty"`    // thousandths of a CPU
	MemoryBytes *int64           `json:"memoryBytes,omitempty"` // bytes
	SwapBytes   int64            `json:"swapBytes"`             // bytes beyond memory
	Pids        int64            `json:"pids"`                  // tasks
	Containers  *int64           `json:"containers,omitempty"`
	Hugepages   map[string]int64 `json:"hugepages,omitempty"` // page size ("2MB") to bytes
	BlockIO     []BlockIO        `json:"blockIO,omitempty"`   // one a device
}

// BlockIO bounds the use of one block device.
type BlockIO struct {
	Device              string `json:"device"` // absolute path of the device, or of a mount point of it
	ReadBytesPerSecond  *int64 `json:"readBytesPerSecond,omitempty"`
	WriteBytesPerSecond *int64 `json:"writeBytesPerSecond,omitempty"`
	ReadIOPS            *int64 `json:"readIOPS,omitempty"`  // operations a second
	WriteIOPS           *int64 `json:"writeIOPS,omitempty"` // operations a second
}

// Container bounds each container of the tenant, as a LimitRange does.
type Container struct {
	Default Quantities        `json:"default"`
	Max     Quantities        `json:"max"`
	Rlimits map[string]Rlimit `json:"rlimits,omitempty"` // by "RLIMIT_NOFILE"

	ShmBytes *int64 `json:"shmBytes,omitempty"` // most of /dev/shm; nil: not bounded
}

// Quantities are the resources of one container. Nil in Max: not bounded
// below the tenant's own limits. Default never exceeds Max.
type Quantities struct {
	CPUMilli    *int64 `json:"cpuMilli,omitempty"`
	MemoryBytes *int64 `json:"memoryBytes,omitempty"`
	Pids        *int64 `json:"pids,omitempty"`
}

// Rlimit is a pair of resource limits, in the unit of getrlimit(2).
type Rlimit struct {
	Soft uint64 `json:"soft"`
	Hard uint64 `json:"hard"`
}

// Node is the NodePolicy, compiled.
type Node struct {
	DefaultTenant               string            `json:"defaultTenant,omitempty"` // empty: refuse
	BuildsTenant                string            `json:"buildsTenant,omitempty"`  // owns the steps of image builds; empty: refuse
	TrustedAnnotationNamespaces []string          `json:"trustedAnnotationNamespaces,omitempty"`
	Delegates                   map[string]string `json:"delegates"` // name to absolute path
	Stdio                       Stdio             `json:"stdio"`
	EngineRoots                 []string          `json:"engineRoots,omitempty"` // folders where engines and the kubelet keep what they mount into containers
	AuditLog                    AuditLog          `json:"auditLog"`
	Reserved                    Amounts           `json:"reserved"`            // kept for the node itself
	Requests                    Amounts           `json:"requests"`            // of all tenants together
	Exclusive                   map[string]int64  `json:"exclusive,omitempty"` // tenant with cores of its own to how many CPUs
	HasIdle                     bool              `json:"hasIdle,omitempty"`   // a tenant's priority is Idle
	TenantTotal                 TenantTotal       `json:"tenantTotal"`
	Network                     NodeNetwork       `json:"network"`
}

// TenantTotal says what happens to a pod that its tenant has no room for.
type TenantTotal string

const (
	Report   TenantTotal = "Report" // it starts, the audit log says so
	NoExcess TenantTotal = "Refuse"
)

// Stdio lists where a container's output may go besides a fifo.
type Stdio struct {
	LogFolders  []string `json:"logFolders,omitempty"`  // absolute folders for file://
	LogBinaries []string `json:"logBinaries,omitempty"` // absolute programs for binary://
}

// AuditLog says what is recorded and where.
type AuditLog struct {
	Record  string `json:"record"`  // Denied, Changed or All
	Path    string `json:"path"`    // absolute, below the installation's root
	OnError string `json:"onError"` // Continue or Refuse
}

// DefaultAuditLog holds where the node's policy says nothing.
var DefaultAuditLog = AuditLog{Record: "Changed", Path: "/var/log/bulkhead/audit.jsonl", OnError: "Continue"}
