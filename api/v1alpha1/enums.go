package v1alpha1

// Enforcement says what becomes of a request that exceeds the tenant.
type Enforcement string

// Values are the accepted spellings.
func (Enforcement) Values() []string { return []string{"Enforce", "Audit"} }

// CPUs says whose cores a tenant runs on.
type CPUs string

// Values are the accepted spellings.
func (CPUs) Values() []string { return []string{"Shared", "Exclusive"} }

// Priority is a tenant's place when the node is short of something.
type Priority string

// Values are the accepted spellings.
func (Priority) Values() []string { return []string{"Normal", "Idle"} }

// DelegateName is an OCI runtime.
type DelegateName string

// Values are the accepted spellings.
func (DelegateName) Values() []string { return []string{"runc", "crun", "runsc"} }

// Level is a level of the Kubernetes Pod Security Standards.
type Level string

// Values are the accepted spellings.
func (Level) Values() []string { return []string{"privileged", "baseline", "restricted"} }

// OnExcess says what becomes of a request for a right above the level.
type OnExcess string

// Values are the accepted spellings.
func (OnExcess) Values() []string { return []string{"Refuse", "Narrow"} }

// UserNamespace says whether containers have IDs of their own.
type UserNamespace string

// Values are the accepted spellings.
func (UserNamespace) Values() []string { return []string{"Required", "Preferred", "Never"} }

// ProfileType says where a profile comes from.
type ProfileType string

// Values are the accepted spellings.
func (ProfileType) Values() []string { return []string{"RuntimeDefault", "Localhost"} }

// HostNamespace is a namespace of the node.
type HostNamespace string

// Values are the accepted spellings.
func (HostNamespace) Values() []string { return []string{"Network", "PID", "IPC"} }

// NetworkNamespace says whose network namespace a container has.
type NetworkNamespace string

// Values are the accepted spellings.
func (NetworkNamespace) Values() []string { return []string{"Private", "Tenant", "Host"} }

// NetworkWalls says what becomes of an interface that cannot have walls.
type NetworkWalls string

// Values are the accepted spellings.
func (NetworkWalls) Values() []string { return []string{"Required", "Preferred"} }

// NetworkAction is what a rule of traffic does.
type NetworkAction string

// Values are the accepted spellings.
func (NetworkAction) Values() []string { return []string{"Allow", "Deny"} }

// Protocol is a transport protocol.
type Protocol string

// Values are the accepted spellings.
func (Protocol) Values() []string { return []string{"TCP", "UDP", "SCTP"} }

// TenantTotal says what happens to a pod that does not fit its tenant.
type TenantTotal string

// Values are the accepted spellings.
func (TenantTotal) Values() []string { return []string{"Report", "Refuse"} }

// AuditRecord says which decisions are recorded.
type AuditRecord string

// Values are the accepted spellings.
func (AuditRecord) Values() []string { return []string{"Denied", "Changed", "All"} }

// AuditSink is where the audit log goes.
type AuditSink string

// Values are the accepted spellings.
func (AuditSink) Values() []string { return []string{"File", "Journald"} }

// AuditOnError says what happens when the audit log cannot be written.
type AuditOnError string

// Values are the accepted spellings.
func (AuditOnError) Values() []string { return []string{"Continue", "Refuse"} }
