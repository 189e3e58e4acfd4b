package isolator

import (
	"path"
	"slices"
	"strings"
)

// What engines make for a container that run an OCI runtime's command line.
var (
	// podmanFiles are below the folders of containers/storage, those of its root
	// and of its run root (Podman 4.3 to 5.6, libpod/container_internal_common.go).
	podmanFiles = []string{
		"{driver}/{network}/userdata/hosts", "{driver}/{network}/userdata/resolv.conf",
		"{driver}/{id}/userdata/hostname", "{driver}/{id}/userdata/.containerenv", "{driver}/{id}/userdata/passwd",
		"{driver}/{id}/userdata/group", "{driver}/{id}/userdata/secrets/*", "{driver}/{ipc}/userdata/shm",
	}

	// buildKitFiles are in the folder of BuildKit's executor (0.8 to 0.33,
	// executor/oci/hosts.go, resolvconf.go).
	buildKitFiles = []string{"hosts", "hosts.*", "resolv.conf", "resolv-host.conf"}

	// buildKitMounts are what a step's --mount shows, below the folder of the
	// daemon that builds: a secret, a cache, the files of another stage. They are
	// named by random ids, so that they are not another container's; an image's
	// own layers are not among them, which any container may have as its root.
	// Sources: BuildKit 0.8 to 0.33, snapshot/localmounter_linux.go,
	// solver/llbsolver/mounts; moby 20.10 to 29, which have its temporary folder
	// in theirs, builder-next/adapters/snapshot.
	buildKitMounts = []string{
		"tmp/buildkit-secrets*/*", "tmp/buildkit-mount*/**", "overlay2/{built}/merged/**", "overlay2/{built}/diff/**", "vfs/dir/{built}/**",
		"runc-overlayfs/snapshots/snapshots/*/fs/**", "runc-native/snapshots/snapshots/*/**",
	}
)

// isBuildKits reports what BuildKit shows a step: the files of its executor,
// which all steps share, and the step's own mounts. The socket of an SSH agent is
// none: it leads to whoever asked for the build.
func (s mountScope) isBuildKits(p string, f File) bool {
	executor := path.Dir(s.Facts.Bundle)
	if name, ok := strings.CutPrefix(p, executor+"/"); ok && f.Kind == Regular {
		return slices.ContainsFunc(buildKitFiles, func(shape string) bool { return matchesShape(shape, name, s.named) })
	}
	for _, folder := range s.Node.EngineRoots {
		if belowOneOf([]string{folder}, executor) && s.shaped(p, f.Real, []string{folder}, buildKitMounts) {
			return true
		}
	}
	return false
}

// isBuildahs reports what Buildah has in the bundle for its step (1.28 to 1.41,
// run_linux.go).
func (s mountScope) isBuildahs(p string) bool {
	name, inBundle := strings.CutPrefix(p, s.Facts.Bundle+"/")
	return inBundle && slices.Contains([]string{"hosts", "hostname", "resolv.conf", "run/.containerenv"}, name)
}

// isBuildKitID reports a random id of BuildKit's (identity.NewID): 25 digits to
// the base of 36.
func isBuildKitID(s string) bool {
	return len(s) == 25 && consistsOf(s, "0123456789abcdefghijklmnopqrstuvwxyz")
}
