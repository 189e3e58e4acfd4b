package runtime

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// Docker and the kubelet mount a part of a volume, or a folder of the node that
// a client names, at a place of theirs and hand over that place (moby 26,
// internal/safepath; kubelet, volume/util/subpath). What is judged by its path
// has to be judged by where it comes from, too.

// mountPoint is a line of /proc/<pid>/mountinfo (proc(5)).
type mountPoint struct {
	id     string
	device string // "<major>:<minor>" of the file system
	root   string // of the mount in the file system
	at     string
	kind   string // of the file system
}

func readMounts() ([]mountPoint, error) {
	data, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		return nil, err
	}
	var all []mountPoint
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if dash := slices.Index(f, "-"); dash > 4 && len(f) > dash+1 {
			all = append(all, mountPoint{f[0], f[2], unescape(f[3]), unescape(f[4]), f[dash+1]})
		}
	}
	return all, nil
}

// unescape undoes the kernel's octal escapes of blanks and others in a path.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// mountedThere is what is mounted at a file's path.
type mountedThere struct {
	kind    string   // of its file system
	origins []string // the node's other paths to it
}

// mountAt returns what is mounted at a file's path, nil for one that is where it
// seems to be. A mount at a volume's data is no origin: whoever made the volume
// chose what is there.
func (g grants) mountAt(l *located) (*mountedThere, error) {
	if !mayBeMount(l.fd) {
		return nil, nil
	}
	id, err := mountOf(l.fd)
	if err != nil {
		return nil, err
	}
	all, err := g.mounts()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(m mountPoint) bool { return m.id == id && m.at == l.real })
	if i < 0 {
		return nil, nil
	}
	own := all[i]
	found := &mountedThere{kind: own.kind}
	for _, m := range all {
		if _, ofVolume := isolator.VolumeFolder(g.node.EngineRoots, m.at); ofVolume || m.id == id || m.device != own.device || !within(m.root, own.root) {
			continue
		}
		path := filepath.Join(m.at, strings.TrimPrefix(own.root, m.root))
		if path != l.real && isThere(path, l) {
			found.origins = append(found.origins, g.names(path)...)
		}
	}
	slices.Sort(found.origins)
	found.origins = slices.Compact(found.origins)
	return found, nil
}

// names are a path without links and, below an engine's folder that is reached
// through a link, the one that the engine would say.
func (g grants) names(path string) []string {
	names := []string{path}
	for _, root := range g.node.EngineRoots {
		l, err := locate(filepath.Clean(root), filepath.Clean(root))
		if err != nil {
			continue
		}
		if l.real != filepath.Clean(root) && within(l.real, path) {
			names = append(names, filepath.Join(root, strings.TrimPrefix(path, l.real)))
		}
		l.close()
	}
	return names
}

// isThere reports that a path leads to a file: something else may be mounted on
// the way to it.
func isThere(path string, l *located) bool {
	other, err := locate(path, path)
	if err != nil {
		return false
	}
	defer other.close()
	return other.stat.Dev == l.stat.Dev && other.stat.Ino == l.stat.Ino
}

// mayBeMount rules out what is certainly not where a mount ends; Linux before
// 5.8 cannot tell.
func mayBeMount(fd int) bool {
	var st unix.Statx_t
	err := unix.Statx(fd, "", unix.AT_EMPTY_PATH|unix.AT_NO_AUTOMOUNT, 0, &st)
	const isRoot = unix.STATX_ATTR_MOUNT_ROOT
	return err != nil || st.Attributes_mask&isRoot == 0 || st.Attributes&isRoot != 0
}

// mountOf is the id of the mount that an open file is on (proc(5), fdinfo).
func mountOf(fd int) (string, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(data)) {
		if id, ok := strings.CutPrefix(line, "mnt_id:"); ok {
			return strings.TrimSpace(id), nil
		}
	}
	return "", errors.New("no mnt_id in /proc/self/fdinfo")
}
