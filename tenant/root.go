package tenant

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
)

// RootEnv moves all of Bulkhead's own folders below another root. It is read
// from the environment of the CLI and of the engine (the shim inherits it);
// nothing that a container or an engine's client sets reaches it.
const RootEnv = "BULKHEAD_ROOT"

// Root is the folder below which an installation keeps its own: "/" on a
// node, a temporary folder in a test.
type Root string

// FromEnv returns the root that the environment names, "/" if none.
func FromEnv() Root {
	if r := os.Getenv(RootEnv); r != "" {
		return Root(filepath.Clean(r))
	}
	return "/"
}

// Path joins a path of a standard installation below the root.
func (r Root) Path(standard string) string { return filepath.Join(string(r), standard) }

// Policy is the folder of the policy store.
func (r Root) Policy() string { return r.Path("/var/lib/bulkhead/policy") }

// Handlers is the folder of the files that pin the tenant of a runtime handler.
func (r Root) Handlers() string { return r.Path("/etc/bulkhead/handlers") }

// Containers is the folder of the records of containers.
func (r Root) Containers() string { return r.Path("/run/bulkhead/containers") }

// Tenants is the folder of the locks of tenants.
func (r Root) Tenants() string { return r.Path("/run/bulkhead/tenants") }

// Glass is the folder of the broken glasses of tenants.
func (r Root) Glass() string { return r.Path("/run/bulkhead/glass") }

// Mounts is the folder of what is mounted for delegates while they make a container.
func (r Root) Mounts() string { return r.Path("/run/bulkhead/mounts") }

// Networks is the folder of the networks that tenants' containers share.
func (r Root) Networks() string { return r.Path("/run/bulkhead/networks") }

// Delegates is the folder where the features of delegates are cached.
func (r Root) Delegates() string { return r.Path("/run/bulkhead/delegates") }

// DelegateState is the state folder (--root) that delegates get. A node's own
// installation keeps containerd's, so that `runc --root … list` works as before.
func (r Root) DelegateState() string {
	if r.Installation() == "" {
		return "/run/containerd/runc"
	}
	return r.Path("/run/bulkhead/runc")
}

// SandboxState is the state folder below which runsc keeps the states of
// containers and the sockets of their sandboxes.
func (r Root) SandboxState() string { return r.Path("/run/bulkhead/runsc") }

// PodNetworks is the folder of what the networks of pods were before a sandbox took
// their addresses.
func (r Root) PodNetworks() string { return r.Path("/run/bulkhead/pod-networks") }

// CommandState is the state folder below which delegates keep what was started
// by an OCI runtime's command line.
func (r Root) CommandState() string { return r.Path("/run/bulkhead/runc") }

// Installation tells installations on one machine apart in the names of host
// objects: empty for "/", else eight hexadecimal digits of the hash of the
// root's real path.
func (r Root) Installation() string {
	real, err := filepath.EvalSymlinks(string(r))
	if err != nil {
		real = filepath.Clean(string(r))
	}
	if real == "/" {
		return ""
	}
	sum := sha256.Sum256([]byte(real))
	return hex.EncodeToString(sum[:4])
}
