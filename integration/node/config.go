package node

import (
	"fmt"
	"strings"
)

// criPlugins are what serves the kubelet, in containerd of either kind.
var criPlugins = []string{
	"io.containerd.grpc.v1.cri",
	"io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.podsandbox.controller.v1.podsandbox",
}

// config is containerd's configuration: everything below the node's folder,
// and without the plugins that reach outside it (CRI, unless it is asked for,
// NRI's socket, /opt, snapshotters that need devices).
func (n *Node) config() string {
	p, e := n.place, n.Engine
	var b strings.Builder
	format, disabled := 2, []string{
		"io.containerd.internal.v1.opt",
		"io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
	}
	if n.kind.CRI == nil {
		disabled = append(disabled, criPlugins...)
	}
	if e.Modern() {
		format = 3
		disabled = append(disabled, "io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.erofs", "io.containerd.snapshotter.v1.blockfile")
		if e.AtLeast(2, 3) { // before, images are imported only where there is one
			disabled = append(disabled, "io.containerd.image-verifier.v1.bindir")
		}
	} else {
		disabled = append(disabled, "io.containerd.snapshotter.v1.aufs")
	}
	fmt.Fprintf(&b, "version = %d\nroot = %q\nstate = %q\n", format, p.path("lib"), p.path("state"))
	fmt.Fprintf(&b, "disabled_plugins = %q\n", disabled)
	fmt.Fprintf(&b, "[grpc]\naddress = %q\n", p.socket())
	fmt.Fprintf(&b, "[debug]\nlevel = \"debug\"\n")
	if e.AtLeast(2, 3) {
		fmt.Fprintf(&b, "[plugins.'io.containerd.shim.v1.manager']\nsocket_dir = %q\n", p.path("s"))
	}
	if e.Modern() && !e.AtLeast(2, 3) {
		fmt.Fprintf(&b, "[plugins.'io.containerd.image-verifier.v1.bindir']\nbin_dir = %q\n", p.path("verifiers"))
	}
	text := strings.ReplaceAll(b.String(), `" "`, `", "`)
	if n.kind.CRI != nil {
		text += n.kind.CRI(n)
	}
	return text
}
