package isolator

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

/*
rootfs: the container's root folder and what is mounted there.

Owns     root, the root filesystem's mounts of a Create
Rule     The root is the bundle's own, or below a folder where the node's
         engines mount root filesystems. Its mounts are of the types and options
         that containerd's snapshotters use, inside the root, and never from the
         node's root, /proc, /sys, /dev, /etc or /boot.
Because  A root of another place shows the node's files to the container; a
         mount's type or option runs a helper or remounts a host's folder
         (invariant I7).
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
		errs = append(errs, snapshotMount(i, m))
	}
	return errors.Join(errs...)
}

func ownRootPath(c *Case, root *specs.Root) error {
	d := &Denial{"rootfs", "root.path", "absent", "the bundle's rootfs, or below a folder of the engine", "NodePolicy.engineRoots"}
	if root == nil {
		return d
	}
	d.Got = strconv.Quote(root.Path)
	if root.Path == "rootfs" || root.Path == path.Join(c.Facts.Bundle, "rootfs") || belowOneOf(c.Node.EngineRoots, root.Path) {
		return nil
	}
	return d
}

// snapshotTypes are what the snapshotters of containerd 2.4.2 (overlay, native,
// btrfs, zfs, devmapper, blockfile, erofs) hand to a shim. fuse types are
// missing: containerd runs a program of that name for them.
var snapshotTypes = []string{"overlay", "bind", "ext4", "xfs", "btrfs", "zfs", "erofs"}

// snapshotOptions are their options; an entry with '=' takes a value that is
// not a path, one with '=/' one or more paths; uidmap and gidmap take ranges. A
// comma would begin another option.
var snapshotOptions = []string{
	"ro", "rw", "bind", "rbind", "loop", "direct-io", "noatime", "relatime", "nodev", "nosuid", "noexec", "defaults",
	"lowerdir=/", "upperdir=/", "workdir=/", "device=/",
	"index=", "xino=", "redirect_dir=", "metacopy=", "nfs_export=", "uuid=", "verity=", "userxattr", "volatile", "fsync=",
	"subvolid=", "nouuid", "noload", "discard", "nodiscard", "zfsutil",
}

func snapshotMount(i int, m Mount) error {
	var errs []error
	deny := func(part, got, want string) {
		errs = append(errs, &Denial{"rootfs", fmt.Sprintf("rootfs[%d].%s", i, part), strconv.Quote(got), want, Nothing})
	}
	if !slices.Contains(snapshotTypes, m.Type) {
		deny("type", m.Type, "one of "+strings.Join(snapshotTypes, ", "))
	}
	if m.Target != "" && (path.IsAbs(m.Target) || path.Clean(m.Target) != m.Target || m.Target == ".." || strings.HasPrefix(m.Target, "../")) {
		deny("target", m.Target, "a path inside the root")
	}
	if !sourceOfSnapshot(m) {
		deny("source", m.Source, "a snapshot")
	}
	for _, o := range m.Options {
		if !snapshotOption(o) {
			deny("options", o, "an option of a snapshotter")
		}
	}
	return errors.Join(errs...)
}

// sourceOfSnapshot knows a device only by what a snapshotter names so:
// devmapper's "<pool>-snap-<n>", and any device for a subvolume of btrfs that is
// not the whole filesystem. overlay has no source, zfs the name of a dataset.
func sourceOfSnapshot(m Mount) bool {
	switch m.Type {
	case "overlay":
		return true
	case "zfs":
		return !path.IsAbs(m.Source)
	case "btrfs":
		top := func(o string) bool { return o == "subvolid=0" || o == "subvolid=5" }
		return slices.ContainsFunc(m.Options, func(o string) bool { return strings.HasPrefix(o, "subvolid=") }) &&
			!slices.ContainsFunc(m.Options, top)
	case "ext4", "xfs":
		if name, ok := strings.CutPrefix(m.Source, "/dev/mapper/"); ok {
			return strings.Contains(name, "-snap-") && !strings.Contains(name, "/")
		}
	}
	return snapshotPath(m.Source)
}

func snapshotOption(o string) bool {
	key, value, assigned := strings.Cut(o, "=")
	switch {
	case !assigned:
		return slices.Contains(snapshotOptions, o)
	case slices.Contains(snapshotOptions, key+"=/"):
		// overlay separates layers by ':', and those with data only by '::'.
		layers := strings.Split(strings.ReplaceAll(value, "::", ":"), ":")
		return !slices.ContainsFunc(layers, func(layer string) bool { return !snapshotPath(layer) })
	}
	if key == "uidmap" || key == "gidmap" {
		return consistsOf(value, "0123456789:,")
	}
	return slices.Contains(snapshotOptions, key+"=") && !strings.ContainsAny(value, "/,")
}

// snapshotPath reports a clean absolute path that is not the node's own part.
func snapshotPath(p string) bool {
	return path.IsAbs(p) && path.Clean(p) == p && p != "/" && !strings.Contains(p, ",") &&
		!belowOneOf([]string{"/proc", "/sys", "/dev", "/etc", "/boot"}, path.Join(p, "x"))
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
