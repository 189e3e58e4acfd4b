package runtime

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// fifos returns the paths of streams that are fifos, in folders where only root
// can put another file into their place before the shim opens them: root of the
// node, or of the container where Docker remaps it. Nothing is opened: the paths
// are a client's.
func fifos(s isolator.Stdio, uids, gids []specs.LinuxIDMapping) []string {
	var found []string
	for _, stream := range []string{s.Stdin, s.Stdout, s.Stderr} {
		path := strings.TrimPrefix(stream, "fifo://")
		info, err := os.Lstat(path)
		if err == nil && info.Mode().Type() == os.ModeNamedPipe && ownerOf(info) == 0 && rootsFolder(filepath.Dir(path), dockerRootOf(uids, gids)) {
			found = append(found, path)
		}
	}
	return found
}

// dockerRoot is a container's root on the node.
type dockerRoot struct {
	uid    int64
	suffix string // of the names of its folders
}

// dockerRootOf is that of Docker's userns-remap. Docker makes folders for such a
// container beside those that the IDs may not enter, with the IDs in their names
// (moby 20.10 to 29, daemon/internal/libcontainerd/remote, prepareBundleDir).
// Who has these IDs on the node is in such a container, which sees no folder of
// the node: one that got out could lead its own output elsewhere, as it can
// with dockerd itself.
func dockerRootOf(uids, gids []specs.LinuxIDMapping) *dockerRoot {
	uid, gid := rootOf(uids), rootOf(gids)
	if uid <= 0 || gid <= 0 {
		return nil
	}
	return &dockerRoot{uid, fmt.Sprintf(".%d.%d", uid, gid)}
}

// rootOf is the node's ID of ID 0, -1 for none.
func rootOf(ids []specs.LinuxIDMapping) int64 {
	for _, m := range ids {
		if m.ContainerID == 0 && m.Size > 0 {
			return int64(m.HostID)
		}
	}
	return -1
}

// owns reports a folder that Docker has made for this root, and that nobody else
// may enter.
func (r *dockerRoot) owns(dir string, info os.FileInfo) bool {
	return r != nil && ownerOf(info) == r.uid && info.IsDir() && info.Mode().Perm()&0o077 == 0 && strings.HasSuffix(dir, r.suffix)
}

// rootsFolder reports whether only root can replace what is in a folder, or the
// folder itself: all on the way to it is root's, and what others may write to is
// sticky (path_resolution(7), inode(7)). A link of root's, as /var/run is, counts
// as what it leads to.
func rootsFolder(dir string, also *dockerRoot) bool {
	real, err := filepath.EvalSymlinks(dir)
	return err == nil && rootsWay(dir, also) && rootsWay(real, also)
}

func rootsWay(dir string, also *dockerRoot) bool {
	if !filepath.IsAbs(dir) {
		return false
	}
	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Lstat(dir)
		if err != nil || ownerOf(info) != 0 && !also.owns(dir, info) {
			return false
		}
		if info.IsDir() && info.Mode().Perm()&0o022 != 0 && info.Mode()&os.ModeSticky == 0 {
			return false
		}
		if dir == "/" {
			return true
		}
	}
}

// hookBinaries returns what the programs of the hooks that an engine brings
// really are, of those that root alone can replace: Docker's, prestart, by
// /proc/<pid>/exe, and nerdctl's by its path.
func hookBinaries(h *specs.Hooks) map[string]string {
	if h == nil {
		return nil
	}
	found := map[string]string{}
	//lint:ignore SA1019 Docker up to 27 uses it
	for _, hook := range h.Prestart {
		program, err := os.Readlink(hook.Path)
		if err != nil || !strings.HasPrefix(hook.Path, "/proc/") || !rootsOwn(hook.Path, program) {
			continue
		}
		found[hook.Path] = program
	}
	for _, hook := range slices.Concat(h.CreateRuntime, h.Poststop) {
		if rootsFolder(filepath.Dir(hook.Path), nil) && rootsOwn(hook.Path, hook.Path) {
			found[hook.Path] = hook.Path
		}
	}
	return found
}

// rootsOwn reports whether a program, running or not, is the file of its name, and
// root's alone to write.
func rootsOwn(running, path string) bool {
	a, err := os.Stat(running)
	if err != nil {
		return false
	}
	b, err := os.Lstat(path)
	if err != nil || !os.SameFile(a, b) {
		return false
	}
	return ownerOf(b) == 0 && b.Mode().IsRegular() && b.Mode().Perm()&0o022 == 0
}

// ownerOf is a file's, -1 when the file system does not say.
func ownerOf(info os.FileInfo) int64 {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return -1
	}
	return int64(st.Uid)
}
