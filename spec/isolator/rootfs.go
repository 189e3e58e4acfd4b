package isolator

import (
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
rootfs: the container's root folder and what is mounted there.

Owns     root, the root filesystem's mounts of a Create
Rule     The root is the bundle's own, or where Docker or Podman mounts a
         container's root below its folder. Its mounts are of the types and options that
         containerd's snapshotters use, inside the root, and from folders that
         are numbered as theirs: never from the node's /proc, /sys, /dev, /etc or
         /boot, nor from what engines make for containers or have of volumes.
Because  A root of another place shows the node's files to the container; a
         mount's type or option runs a helper or remounts a host's folder
         (invariant I7). Whose a snapshot or a layer of Docker's is, no path
         says: that is the engine's word, as is the image.
Escape   NodePolicy.engineRoots.
*/

var _ = register(Isolator{
	Name:    "rootfs",
	Owns:    []string{"/spec/root", "/rootfs"},
	Reason:  "a container has its own root",
	Leq:     rootfsLeq,
	Rewrite: ownRoot,
	Holds:   ownRoot,
})

func ownRoot(c *Case, r *Request) error {
	errs := []error{ownRootPath(c, r.Spec.Root)}
	for i, m := range r.Rootfs {
		errs = append(errs, snapshotMount(c, i, m))
	}
	return errors.Join(errs...)
}

func ownRootPath(c *Case, root *specs.Root) error {
	d := &Denial{"rootfs", "root.path", "absent", "the bundle's rootfs, or where Docker or Podman mounts one", Nothing}
	if root == nil {
		return d
	}
	d.Got = strconv.Quote(root.Path)
	if root.Path == "rootfs" || root.Path == path.Join(c.Facts.Bundle, "rootfs") || storeOf(c, root.Path) != "" ||
		c.Facts.Engine == Buildah && root.Path == path.Join(c.Facts.Bundle, "mnt/rootfs") {
		return nil
	}
	// Some folder may make it one of Docker's: none of dockerRoots is deeper.
	folder := root.Path
	for range 5 {
		if folder = path.Dir(folder); !path.IsAbs(folder) || folder == "/" {
			break
		}
		if storeOf(&Case{Facts: c.Facts, Node: &tenant.Node{EngineRoots: []string{folder}}}, root.Path) != "" {
			d.Allow = "NodePolicy.engineRoots"
		}
	}
	return d
}

// dockerRoots are where Docker mounts a container's root below its folder: with
// a graph driver by the number of its layer, with containerd's snapshotters by
// its own. Sources: moby 29.5, daemon/graphdriver, daemon/snapshotter/mount.go.
var dockerRoots = []string{
	"overlay2/*/merged", "fuse-overlayfs/*/merged", "vfs/dir/*", "btrfs/subvolumes/*", "zfs/graph/*", "rootfs/*/{id}",
}

// podmanRoots are where containers/storage mounts one for Podman (1.44 to
// 1.59, drivers).
var podmanRoots = []string{"overlay/*/merged", "vfs/dir/*", "btrfs/subvolumes/*", "zfs/graph/*"}

// storeOf returns the folder of the engine that mounted a root: of a Docker
// daemon, or that of its userns-remap, or of containers/storage; empty: none of
// them did. A client of Docker's cannot choose this path, so it says which files
// are its daemon's. One of containerd's can: it holds every tenant of that
// containerd. Whoever runs Podman as root holds every tenant, too.
func storeOf(c *Case, root string) string {
	own := func(key, name string) bool { return key == "id" && name == c.Facts.ContainerID }
	for _, folder := range c.Node.EngineRoots {
		if c.Facts.Engine == CRI || c.Facts.Engine.Builds() || !belowOneOf([]string{folder}, root) {
			continue
		}
		folder = strings.TrimSuffix(folder, "/")
		below, roots := strings.TrimPrefix(root, folder+"/"), dockerRoots
		if c.Facts.Engine == Podman {
			roots = podmanRoots
		}
		if first, rest, _ := strings.Cut(below, "/"); remapped(first) {
			folder, below = folder+"/"+first, rest
		}
		if slices.ContainsFunc(roots, func(shape string) bool { return matchesShape(shape, below, own) }) {
			return folder
		}
	}
	return ""
}

// belowOneOf reports a clean absolute path that lies below one of the folders,
// by components.
func belowOneOf(folders []string, p string) bool {
	if !path.IsAbs(p) || path.Clean(p) != p {
		return false
	}
	return slices.ContainsFunc(folders, func(folder string) bool {
		prefix := strings.TrimSuffix(path.Clean(folder), "/") + "/"
		return strings.HasPrefix(p, prefix)
	})
}

// rootfsLeq: the same root, and read-only where the other is.
func rootfsLeq(a, b *Request) bool {
	x, y := valueOf(a.Spec.Root), valueOf(b.Spec.Root)
	same := func(m, n Mount) bool {
		return m.Type == n.Type && m.Source == n.Source && m.Target == n.Target && slices.Equal(m.Options, n.Options)
	}
	return x.Path == y.Path && (x.Readonly || !y.Readonly) && slices.EqualFunc(a.Rootfs, b.Rootfs, same)
}
