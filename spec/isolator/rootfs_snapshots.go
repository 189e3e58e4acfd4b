package isolator

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

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

func snapshotMount(c *Case, i int, m Mount) error {
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
	if !sourceOfSnapshot(c, m) {
		deny("source", m.Source, "a snapshot")
	}
	for _, o := range m.Options {
		if !snapshotOption(c, o) {
			deny("options", o, "an option of a snapshotter")
		}
	}
	return errors.Join(errs...)
}

// sourceOfSnapshot knows a device only by what a snapshotter names so:
// devmapper's "<pool>-snap-<n>", and any device for a subvolume of btrfs that is
// not the whole filesystem. overlay has no source, zfs the name of a dataset.
func sourceOfSnapshot(c *Case, m Mount) bool {
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
	return snapshotPath(c, m.Source)
}

func snapshotOption(c *Case, o string) bool {
	key, value, assigned := strings.Cut(o, "=")
	switch {
	case !assigned:
		return slices.Contains(snapshotOptions, o)
	case slices.Contains(snapshotOptions, key+"=/"):
		// overlay separates layers by ':', and those with data only by '::'.
		layers := strings.Split(strings.ReplaceAll(value, "::", ":"), ":")
		return !slices.ContainsFunc(layers, func(layer string) bool { return !snapshotPath(c, layer) })
	}
	if key == "uidmap" || key == "gidmap" {
		return consistsOf(value, "0123456789:,")
	}
	return slices.Contains(snapshotOptions, key+"=") && !strings.ContainsAny(value, "/,")
}

// snapshotPath reports a clean absolute path of a snapshot: of a file or folder
// that is numbered, or lies in one that is (containerd 2.4.2, core/snapshots;
// the snapshotters for lazy images do it so too). It is not the node's own part,
// and of an engine not what it makes for containers.
func snapshotPath(c *Case, p string) bool {
	numbered := consistsOf(path.Base(p), "0123456789") || consistsOf(path.Base(path.Dir(p)), "0123456789")
	return path.IsAbs(p) && path.Clean(p) == p && numbered && !strings.Contains(p, ",") &&
		!belowOneOf([]string{"/proc", "/sys", "/dev", "/etc", "/boot"}, p) && !slices.ContainsFunc(c.Node.EngineRoots, func(root string) bool { return isOfContainers(root, p) })
}

// isOfContainers reports what an engine has below its folder for containers, or
// as their volumes: in a folder of such a name at the top, or below that of a
// socket, of a userns-remap or of containerd's CRI plugin.
func isOfContainers(root, p string) bool {
	below, ok := strings.CutPrefix(p, strings.TrimSuffix(root, "/")+"/")
	names := strings.SplitN(below, "/", 3)
	return ok && slices.ContainsFunc(names[:min(2, len(names))], func(name string) bool {
		return slices.Contains([]string{"containers", "etchosts", "image-volumes", "pods", "sandboxes", "tmp", "volumes"}, name)
	})
}
