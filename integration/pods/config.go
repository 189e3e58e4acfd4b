package pods

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// Handlers as a RuntimeClass names them.
const (
	ByType = "bulkhead"        // runtime_type is Bulkhead's own
	ByPath = "bulkhead-path"   // runtime_type is runc's, runtime_path the shim
	Pinned = "bulkhead-globex" // runtime_type is Bulkhead's, and its options name the tenant globex
	Stock  = "runc"
)

// criConfig is that of containerd's CRI plugin, with what it has no default for
// here, and the stock handler beside Bulkhead's.
func criConfig(n *node.Node, slices bool) string {
	const imagesTable = "io.containerd.cri.v1.images"
	var b strings.Builder
	runtime, plugins := "io.containerd.cri.v1.runtime", filepath.Join(filepath.Dir(n.Engine.Busybox()), "../usr/lib/cni")
	if n.Engine.Modern() {
		fmt.Fprintf(&b, "[plugins.%q.pinned_images]\nsandbox = %q\n", imagesTable, node.PauseName)
		fmt.Fprintf(&b, "[plugins.%q]\n", runtime)
	} else {
		runtime = "io.containerd.grpc.v1.cri"
		fmt.Fprintf(&b, "[plugins.%q]\nsandbox_image = %q\n", runtime, node.PauseName)
	}
	fmt.Fprintf(&b, "restrict_oom_score_adj = true\n") // where root may not lower it
	fmt.Fprintf(&b, "[plugins.%q.cni]\nconf_dir = %q\n", runtime, filepath.Join(n.Dir(), "cni"))
	if n.Engine.AtLeast(2, 1) {
		fmt.Fprintf(&b, "bin_dirs = [%q]\n", plugins)
	} else {
		fmt.Fprintf(&b, "bin_dir = %q\n", plugins)
	}
	fmt.Fprintf(&b, "[plugins.%q.containerd]\ndefault_runtime_name = %q\n", runtime, Stock)
	handler := func(name, kind, more string) {
		fmt.Fprintf(&b, "[plugins.%q.containerd.runtimes.%s]\nruntime_type = %q\n%s", runtime, name, kind, more)
	}
	handler(Stock, node.Stock, fmt.Sprintf("options = {BinaryName = %q, SystemdCgroup = %v}\n", n.Engine.Runc, slices))
	if n.Bare() {
		return b.String()
	}
	handler(ByType, node.Bulkhead, "")
	handler(ByPath, node.Stock, fmt.Sprintf("runtime_path = %q\n", n.Shim()))
	handler(Pinned, node.Bulkhead, fmt.Sprintf("options = {ConfigPath = %q}\n", pinnedFile(n)))
	return b.String()
}

// pinnedFile is where the options of the handler Pinned are: a file of the
// operator's.
func pinnedFile(n *node.Node) string {
	return filepath.Join(n.Root().Handlers(), "globex.toml")
}

// EngineRoots is what a NodePolicy must say of such a node, whose containerd has
// its folders where no other has them.
func EngineRoots(n *node.Node) string {
	return fmt.Sprintf("engineRoots: [%s, %s, /var/lib/kubelet]", filepath.Join(n.Dir(), "lib"), filepath.Join(n.Dir(), "state"))
}
