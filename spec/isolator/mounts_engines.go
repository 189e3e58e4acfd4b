package isolator

import (
	"path"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// What engines make for one container, by its path below a folder of theirs.
// See matchesShape for the form.
var (
	// dockerFiles are below Docker's folder. Sources: moby 29.5,
	// daemon/container/container.go (GetRootResourcePath, SecretMountPath),
	// container_operations_unix.go: a container that joins another's network or
	// IPC namespace has that one's files.
	dockerFiles = []string{
		"containers/{network}/hosts", "containers/{network}/hostname", "containers/{network}/resolv.conf",
		"containers/{ipc}/mounts/shm", "containers/{id}/mounts/secrets/*",
	}
	dockerVolumes = []string{"volumes/*/_data/**"}
	// A part of a volume is mounted here first (moby 26 to 29,
	// daemon/volume/safepath/join_linux.go).
	dockerParts = []string{"tmp/safe-mount*"}

	// nerdctlFiles are below nerdctl's folder. Sources: nerdctl 2.2,
	// pkg/containerutil/container_network_manager.go, pkg/dnsutil/hostsstore,
	// pkg/ipcutil.
	nerdctlFiles = []string{
		"{hash}/containers/{namespace}/{network}/hostname", "{hash}/containers/{namespace}/{network}/resolv.conf",
		"{hash}/etchosts/{namespace}/{network}/hosts", "{hash}/containers/{namespace}/{ipc}/shm",
	}
	nerdctlVolumes = []string{"{hash}/volumes/{namespace}/*/_data/**"}

	// podFiles are below containerd's folders and the kubelet's. Sources:
	// containerd 1.6 to 2.4, internal/cri/server/helpers.go,
	// container_create.go and container_image_mount.go; kubelet 1.20 to 1.36,
	// pkg/kubelet/kubelet_getters.go.
	podFiles = []string{
		"io.containerd.grpc.v1.cri/sandboxes/{sandbox}/hostname", "io.containerd.grpc.v1.cri/sandboxes/{sandbox}/hosts",
		"io.containerd.grpc.v1.cri/sandboxes/{sandbox}/resolv.conf", "io.containerd.grpc.v1.cri/sandboxes/{sandbox}/shm",
		"io.containerd.grpc.v1.cri/containers/{id}/volumes/*", "io.containerd.grpc.v1.cri/image-volumes/{sandbox}/*/**",
		"pods/{pod}/volumes/*/*/**", "pods/{pod}/etc-hosts", "pods/{pod}/containers/*/*",
	}
	// A subPath is mounted here first, also one of a hostPath volume: it counts
	// by where it comes from (kubelet, pkg/volume/util/subpath/subpath_linux.go).
	podParts = []string{"pods/{pod}/volume-subpaths/*/*/*"}
)

// isEngines reports what the engine made for this container, by its id, sandbox
// or pod.
func (s mountScope) isEngines(p string, f File) bool {
	if _, inVolume := VolumeFolder(s.Node.EngineRoots, p); inVolume || !isPlain(f) {
		return false
	}
	switch s.Facts.Engine {
	case CRI:
		fromPod := func(origin string) bool { return s.shaped(origin, origin, s.Node.EngineRoots, podFiles) }
		return s.shaped(p, f.Real, s.Node.EngineRoots, podFiles) ||
			s.shaped(p, f.Real, s.Node.EngineRoots, podParts) && slices.ContainsFunc(f.Origins, fromPod)
	case BuildKit:
		return s.isBuildKits(p, f)
	case Buildah:
		return s.isBuildahs(p)
	case Podman:
		return s.store != "" && s.shaped(p, f.Real, s.Node.EngineRoots, podmanFiles)
	}
	return s.shaped(p, f.Real, []string{s.store}, dockerFiles) || s.shaped(p, f.Real, s.nerdctl(), nerdctlFiles)
}

// isVolume reports a volume of this tenant, or one of the container's own
// engine that is nobody's yet: it becomes this tenant's. To a pod any is a path
// of the node.
func (s mountScope) isVolume(p string, f File) bool {
	if s.Facts.Engine == CRI || s.Facts.Engine.Builds() || !isPlain(f) || f.Volume != "" && f.Volume != s.Policy.Name {
		return false
	}
	own := func(p, real string) bool {
		return s.shaped(p, real, []string{s.store}, dockerVolumes) || s.shaped(p, real, s.nerdctl(), nerdctlVolumes)
	}
	if s.shaped(p, f.Real, []string{s.store}, dockerParts) {
		return slices.ContainsFunc(f.Origins, func(origin string) bool { return own(origin, origin) })
	}
	if len(f.Origins) > 0 {
		return false // something else is mounted on it
	}
	if folder, ok := VolumeFolder(s.Node.EngineRoots, p); ok && f.Volume != "" {
		return strings.HasSuffix(f.Real, strings.TrimPrefix(p, path.Dir(folder)))
	}
	return own(p, f.Real)
}

// nerdctl returns the folders where nerdctl's may be. Docker and containerd's
// CRI plugin have containerd namespaces of their own.
func (s mountScope) nerdctl() []string {
	if s.Facts.Engine != Containerd || s.store != "" {
		return nil
	}
	return s.Node.EngineRoots
}

// shaped reports a path below one of the folders that has one of the shapes, and
// really has it: a listed path may be a link at a place like a volume's.
func (s mountScope) shaped(p, real string, folders, shapes []string) bool {
	for _, folder := range folders {
		if folder == "" || !belowOneOf([]string{folder}, p) {
			continue
		}
		below := strings.TrimPrefix(p, strings.TrimSuffix(folder, "/")+"/")
		if strings.HasSuffix(real, "/"+below) && slices.ContainsFunc(shapes, func(shape string) bool { return matchesShape(shape, below, s.named) }) {
			return true
		}
	}
	return false
}

// named reports whether a name is what {key} stands for in a shape.
func (s mountScope) named(key, name string) bool {
	switch key {
	case "id":
		return name == s.Facts.ContainerID
	case "network":
		return name == s.Facts.ContainerID || s.joins(specs.NetworkNamespace, name)
	case "ipc":
		return name == s.Facts.ContainerID || s.joins(specs.IPCNamespace, name)
	case "sandbox":
		return name == s.Facts.Sandbox
	case "pod":
		return name == s.Facts.PodUID
	case "namespace":
		return name == s.Facts.Namespace
	case "driver": // of containers/storage
		return slices.Contains([]string{"overlay-containers", "vfs-containers", "btrfs-containers", "zfs-containers"}, name)
	case "built": // BuildKit's random ids, which no layer of an image and no container has
		return isBuildKitID(name)
	case "hash": // of containerd's address (nerdctl, pkg/clientutil)
		return len(name) == 8 && consistsOf(name, "0123456789abcdef")
	}
	return false
}

// joins reports whether the container asks for a namespace of another one of
// its tenant.
func (s mountScope) joins(t specs.LinuxNamespaceType, container string) bool {
	ns := findNamespace(s.asked, t)
	if ns == nil {
		return false
	}
	ref := s.Facts.Namespaces[ns.Path]
	return ref.Type == t && ref.Owner != nil && !ref.Owner.Unmade && ref.Owner.Tenant == s.Policy.Name && ref.Owner.Container == container
}

// matchesShape compares a path name by name: {key} is a name that is checked, a
// '*' stands for the rest of a name, and "**" at the end for any more names.
func matchesShape(shape, p string, named func(key, name string) bool) bool {
	wanted := strings.Split(shape, "/")
	names := strings.SplitN(p, "/", len(wanted)+1) // a path may be all slashes
	if n := len(wanted) - 1; wanted[n] == "**" {
		wanted, names = wanted[:n], names[:min(n, len(names))]
	}
	return slices.EqualFunc(wanted, names, func(want, name string) bool {
		if key, ok := strings.CutPrefix(want, "{"); ok {
			return name != "" && named(strings.TrimSuffix(key, "}"), name)
		}
		prefix, wild := strings.CutSuffix(want, "*")
		return name == want || wild && len(name) > len(prefix) && strings.HasPrefix(name, prefix)
	})
}
