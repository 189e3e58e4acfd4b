package node

import (
	"fmt"
	"strings"
)

// config is containerd's configuration: everything below the node's folder,
// and without the plugins that reach outside it (CRI and NRI sockets, /opt,
// snapshotters that need devices).
func (p place) config(e Engine) string {
	var b strings.Builder
	format, disabled := 2, []string{
		"io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt",
		"io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
	}
	if e.Modern() {
		format = 3
		disabled = append(disabled, "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime",
			"io.containerd.podsandbox.controller.v1.podsandbox", "io.containerd.nri.v1.nri",
			"io.containerd.image-verifier.v1.bindir", "io.containerd.snapshotter.v1.erofs", "io.containerd.snapshotter.v1.blockfile")
	} else {
		disabled = append(disabled, "io.containerd.snapshotter.v1.aufs")
	}
	fmt.Fprintf(&b, "version = %d\nroot = %q\nstate = %q\n", format, p.path("lib"), p.path("state"))
	fmt.Fprintf(&b, "disabled_plugins = %q\n", disabled)
	fmt.Fprintf(&b, "[grpc]\naddress = %q\n", p.socket())
	fmt.Fprintf(&b, "[debug]\nlevel = \"debug\"\n")
	if e.Modern() {
		fmt.Fprintf(&b, "[plugins.'io.containerd.shim.v1.manager']\nsocket_dir = %q\n", p.path("s"))
	}
	return strings.ReplaceAll(b.String(), `" "`, `", "`)
}
