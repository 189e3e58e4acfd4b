package runtime

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// Caller is who asks, and for which container: what the engine's adapter knows
// by itself, without reading the request.
type Caller struct {
	Namespace string          // containerd's, or the name of a command line's state folder
	Engine    isolator.Engine // that runs an OCI runtime's command line; empty: containerd, and the request tells for whom
	ID        string
	Bundle    string // absolute path
	Pinned    string // tenant named by the runtime handler's options, or by a flag
}

// CommandCaller is who runs an OCI runtime's command line, with a state folder
// (runc's --root) in which ids are unique.
func CommandCaller(stateFolder, id, bundle string) Caller {
	sum := sha256.Sum256([]byte(filepath.Clean(stateFolder)))
	return Caller{Namespace: hex.EncodeToString(sum[:4]), Engine: engineOfBundle(id, bundle), ID: id, Bundle: bundle}
}

// engineOfBundle tells engines by where they keep a bundle, which is for each to
// choose: BuildKit (0.8 to 0.26, executor/runcexecutor) has it at
// <root>/executor/<id>, Buildah (1.28, run_linux.go) in a temporary folder that
// the container is named after.
func engineOfBundle(id, bundle string) isolator.Engine {
	last := filepath.Base(bundle)
	switch {
	case last == id && filepath.Base(filepath.Dir(bundle)) == "executor":
		return isolator.BuildKit
	case strings.HasPrefix(last, "buildah") && id == "buildah-"+last:
		return isolator.Buildah
	}
	return isolator.Podman
}

// Scope is the realm of the container's id.
func (c Caller) Scope() string {
	if c.Engine != "" {
		return record.CommandScope(c.Namespace)
	}
	return record.Scope(c.Namespace)
}

// realm is the name of the scope in those of host objects. No containerd
// namespace has two hyphens in a row (containerd 1.6 to 2.4, pkg/identifiers).
func (c Caller) realm() string {
	if c.Engine != "" {
		return "oci--" + c.Namespace
	}
	return c.Namespace
}

// stateRoot is the folder below which the delegate keeps the states of a realm's
// containers.
func (rt *Runtime) stateRoot(c Caller) string {
	if c.Engine != "" {
		return rt.root.CommandState()
	}
	return rt.root.DelegateState()
}

// StateFolder is where the delegate keeps the state of the caller's containers
// (its --root).
func (rt *Runtime) StateFolder(c Caller) string { return filepath.Join(rt.stateRoot(c), c.realm()) }
