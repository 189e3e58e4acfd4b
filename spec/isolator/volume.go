package isolator

import (
	"path"
	"strings"
)

// VolumeFolder returns the folder of the volume that a clean absolute path of
// the node is, or lies in: the one above "_data", which is root's own and goes
// with the volume. The roots are those of engines. Docker keeps volumes in
// <root>/volumes/<name>/_data, or in <root>/<uid>.<gid>/… with its userns-remap
// (moby 20.10 to 29, daemon/volume/local); nerdctl in
// <root>/<hash of the socket>/volumes/<containerd namespace>/<name>/_data
// (nerdctl 1 and 2, pkg/clientutil, pkg/mountutil/volumestore).
//
// A path that is a volume by its name need not be one: ask of File.Real.
func VolumeFolder(roots []string, p string) (folder string, ok bool) {
	for _, root := range roots {
		if !belowOneOf([]string{root}, p) {
			continue
		}
		prefix := strings.TrimSuffix(path.Clean(root), "/") + "/"
		parts := strings.Split(strings.TrimPrefix(p, prefix), "/")
		n := volumeDepth(parts)
		if n == 0 {
			continue
		}
		// Roots may lie within each other; a folder within a volume is the
		// volume's, whatever its name.
		if found := prefix + strings.Join(parts[:n], "/"); !ok || len(found) < len(folder) {
			folder, ok = found, true
		}
	}
	return folder, ok
}

// volumeDepth is how many parts of a path below an engine's root name a
// volume's folder; 0: it is no volume's.
func volumeDepth(parts []string) int {
	at, names := 0, 1
	switch {
	case remapped(parts[0]):
		at = 1
	case len(parts[0]) == 8 && consistsOf(parts[0], "0123456789abcdef"):
		at, names = 1, 2
	}
	n := at + 1 + names
	if len(parts) > n && parts[at] == "volumes" && parts[n] == "_data" {
		return n
	}
	return 0
}

// remapped reports "<uid>.<gid>".
func remapped(part string) bool {
	uid, gid, found := strings.Cut(part, ".")
	return found && uid != "" && gid != "" && consistsOf(uid+gid, "0123456789")
}
