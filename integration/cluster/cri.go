package cluster

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// Handlers as a RuntimeClass names them.
const (
	ByType = "bulkhead"      // runtime_type is Bulkhead's own
	ByPath = "bulkhead-path" // runtime_type is runc's, runtime_path the shim
	Stock  = "runc"
)

// criConfig is that of containerd 2.x's CRI plugin, with what it has no default for
// here, and the stock handler beside Bulkhead's two.
func criConfig(n *node.Node) string {
	const runtime = "io.containerd.cri.v1.runtime"
	var b strings.Builder
	fmt.Fprintf(&b, "[plugins.'io.containerd.cri.v1.images'.pinned_images]\nsandbox = %q\n", node.PauseName)
	fmt.Fprintf(&b, "[plugins.%q]\nrestrict_oom_score_adj = true\n", runtime) // where root may not lower it
	fmt.Fprintf(&b, "[plugins.%q.cni]\n", runtime)
	plugins := filepath.Join(filepath.Dir(n.Engine.Busybox()), "../usr/lib/cni")
	fmt.Fprintf(&b, "bin_dirs = [%q]\n", plugins)
	fmt.Fprintf(&b, "conf_dir = %q\n", filepath.Join(n.Dir(), "cni"))
	fmt.Fprintf(&b, "[plugins.%q.containerd]\ndefault_runtime_name = %q\n", runtime, Stock)
	handler := func(name, kind, more string) {
		fmt.Fprintf(&b, "[plugins.%q.containerd.runtimes.%s]\nruntime_type = %q\n%s", runtime, name, kind, more)
	}
	handler(Stock, node.Stock, fmt.Sprintf("options = {BinaryName = %q}\n", n.Engine.Runc))
	handler(ByType, node.Bulkhead, "")
	handler(ByPath, node.Stock, fmt.Sprintf("runtime_path = %q\n", n.Shim()))
	return b.String()
}
