package isolator

import (
	"path"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// hostNamespaceMounts are files that go with a namespace of the node: who may
// share that has them from their own place, read-only if they are files
// (containerd 2.4, internal/cri/server, pkg/oci WithHostHostsFile; moby 29.5,
// setupIPCDirs; nerdctl 2.2, pkg/ipcutil).
var hostNamespaceMounts = map[string]specs.LinuxNamespaceType{
	"/dev/shm": specs.IPCNamespace, "/dev/mqueue": specs.IPCNamespace,
	"/etc/hosts": specs.NetworkNamespace, "/etc/resolv.conf": specs.NetworkNamespace,
}

func (s mountScope) isOfHostNamespace(m specs.Mount) bool {
	return s.goesWithHostNamespace(m) && mayShareHost(s.Policy, hostNamespaceMounts[m.Source])
}

// goesWithHostNamespace reports one of these in a container that asks for the
// namespace it goes with.
func (s mountScope) goesWithHostNamespace(m specs.Mount) bool {
	t, ok := hostNamespaceMounts[m.Source]
	if !ok || place(m) != m.Source {
		return false
	}
	ns := findNamespace(s.asked, t)
	return (ns == nil || isHosts(s.Facts, *ns)) && (t == specs.IPCNamespace || effectOf(m).flags[readOnlyFlag] <= topOnly)
}

// isInit reports the program that --init puts in front of the container's own,
// read-only: it is the node's (moby 29.5, daemon/oci_linux.go; nerdctl 2.2,
// pkg/cmd/container/create.go). Each finds it in its own way; it is one that
// nobody but root can exchange, and no container's.
func (s mountScope) isInit(m specs.Mount, f File) bool {
	known := func(p string) bool { return path.Base(p) == "docker-init" || path.Base(p) == "tini" }
	return known(m.Source) && known(place(m)) && path.Dir(place(m)) == "/sbin" && f.Kind == Regular && f.Guarded &&
		!belowOneOf(s.Node.EngineRoots, m.Source) && effectOf(m).flags[readOnlyFlag] <= topOnly
}
