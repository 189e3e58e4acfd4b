package isolator

import (
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

var (
	// nerdctls are where packages and nerdctl's archive put it.
	nerdctls = []string{"/usr/bin/nerdctl", "/usr/local/bin/nerdctl"}

	// cniPrograms and cniNetworks are where nerdctl looks for the programs that it
	// runs and for what they shall do (nerdctl 2.2, pkg/defaults).
	cniPrograms = []string{"/opt/cni/bin", "/usr/local/libexec/cni", "/usr/local/lib/cni", "/usr/libexec/cni", "/usr/lib/cni"}
	cniNetworks = []string{"/etc/cni/net.d"}

	// nerdctlStages are the moments of its hooks, by their last argument.
	nerdctlStages = map[string]string{"createRuntime": "createRuntime", "poststop": "postStop"}
)

// isNerdctlHook recognises {nerdctl, nerdctl [flags] internal oci-hook <event>},
// which connects the container to its CNI networks and takes it off again. It
// brings its caller's environment, does what the container's annotations say,
// and runs whatever lies in the folder of CNI's programs: flags and annotations
// count where nobody but root decides over what they name. Source: nerdctl 2.0 to
// 2.2, pkg/cmd/container/create.go (withNerdctlOCIHook), pkg/ocihook.
func isNerdctlHook(c *Case, stage string, r *Request, h specs.Hook) bool {
	event, ok := nerdctlStages[stage]
	if !ok || c.Facts.Engine != Containerd || h.Timeout != nil || !slices.Contains(nerdctls, c.Facts.Binaries[h.Path]) || c.Facts.Binaries[h.Path] != h.Path {
		return false
	}
	flags := len(h.Args) - 3
	if flags < 1 || h.Args[0] != h.Path || !slices.Equal(h.Args[flags:], []string{"internal", "oci-hook", event}) {
		return false
	}
	for _, flag := range h.Args[1:flags] {
		if !isNerdctlFlag(c, flag) {
			return false
		}
	}
	return areNerdctlNotes(c, r.Spec.Annotations)
}

// isNerdctlFlag reports a flag that the hook may have: --name=value.
func isNerdctlFlag(c *Case, flag string) bool {
	name, value, ok := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
	if !ok || !strings.HasPrefix(flag, "--") {
		return false
	}
	switch name {
	case "namespace", "n":
		return value == c.Facts.Namespace
	case "data-root":
		return slices.Contains(c.Node.EngineRoots, value)
	case "cni-path":
		return slices.Contains(cniPrograms, value)
	case "cni-netconfpath":
		return slices.Contains(cniNetworks, value)
	}
	// To the hook the address is a name for the folder below its root, and the
	// others say nothing.
	return slices.Contains([]string{"address", "a", "host", "H", "debug", "debug-full", "snapshotter", "storage-driver", "cgroup-manager"}, name)
}

// areNerdctlNotes reports that the annotations send the hook nowhere but to the
// container's own: it makes the folder nerdctl/state-dir, writes a number into
// nerdctl/pid-file, and plugs interfaces into nerdctl/network-namespace.
func areNerdctlNotes(c *Case, notes map[string]string) bool {
	if notes["nerdctl/namespace"] != c.Facts.Namespace || notes["nerdctl/pid-file"] != "" {
		return false
	}
	if _, elsewhere := notes["nerdctl/network-namespace"]; elsewhere {
		return false
	}
	state := notes["nerdctl/state-dir"]
	return slices.ContainsFunc(c.Node.EngineRoots, func(root string) bool {
		below, ok := strings.CutPrefix(state, strings.TrimSuffix(root, "/")+"/")
		return ok && matchesShape("{hash}/containers/{namespace}/{id}", below, mountScope{Case: c}.named)
	})
}
