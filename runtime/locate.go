package runtime

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// located is a file that was found and not opened: of devices and fifos the
// opening itself has effects. close releases it.
type located struct {
	fd   int // O_PATH
	stat unix.Stat_t
	real string // its path, without links

	// guarded: nobody but root can put another file into its place. All folders
	// on the way are root's, and where others may write too, the folder is
	// sticky and what lies in it root's (inode(7)).
	guarded bool
}

func (l *located) close() { _ = unix.Close(l.fd) } // only read

// errLeadsAway says that there is a link on the way to a file, which somebody
// could turn to another.
var errLeadsAway = errors.New("leads through a link")

// mostLinks on the way are followed, as path_resolution(7) has it.
const mostLinks = 40

// locate finds the file at a path that is, or lies below, a granted one. Links
// in the granted path are followed if they are root's, in folders that are
// root's: nobody else can turn them. No link below it is. Every folder is
// opened by its name in the one before and judged by what was opened, so that
// nothing that is exchanged meanwhile leads out. Both paths are clean and
// absolute. The error is fs.ErrNotExist when there is no such file, and
// errLeadsAway.
func locate(granted, path string) (*located, error) {
	return find(granted, path, func(string) bool { return true })
}

// find is locate, where follow decides by a link's own path whether it counts
// as root's.
func find(granted, path string, follow func(link string) bool) (*located, error) {
	below, err := filepath.Rel(granted, path)
	if err != nil {
		return nil, err
	}
	for range mostLinks {
		l, link, err := walk(parts(granted), parts(below), follow)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if l != nil {
			return l, nil
		}
		granted = link
	}
	return nil, fmt.Errorf("%s: %w", path, unix.ELOOP)
}

// walk goes down from the root. At a link among the granted parts it stops and
// returns where the granted path leads by it.
func walk(granted, below []string, follow func(link string) bool) (l *located, link string, err error) {
	at, err := root()
	if err != nil {
		return nil, "", err
	}
	all := slices.Concat(granted, below)
	for i, name := range all {
		next, err := at.step(name)
		at.close()
		if err != nil {
			return nil, "", err
		}
		at = next
		if at.stat.Mode&unix.S_IFMT != unix.S_IFLNK {
			continue
		}
		defer at.close()
		if i >= len(granted) || !at.guarded || at.stat.Uid != 0 || !follow(at.real) {
			return nil, "", errLeadsAway
		}
		target, err := at.target()
		return nil, filepath.Join(append([]string{target}, granted[i+1:]...)...), err
	}
	return at, "", nil
}

func root() (*located, error) {
	fd, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("open /", err)
	}
	l := &located{fd: fd, real: "/", guarded: true}
	return l, l.look()
}

// step finds what a folder has by a name, which may be a link itself. As a
// folder first: only so the kernel mounts what autofs has there.
func (l *located) step(name string) (*located, error) {
	const flags = unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Openat(l.fd, name, flags|unix.O_DIRECTORY, 0)
	if err == unix.ENOTDIR && l.stat.Mode&unix.S_IFMT == unix.S_IFDIR {
		fd, err = unix.Openat(l.fd, name, flags, 0)
	}
	if err != nil {
		return nil, err
	}
	next := &located{fd: fd, real: filepath.Join(l.real, name)}
	if err := next.look(); err != nil {
		return nil, err
	}
	next.guarded = l.guarded && l.keeps(next)
	return next, nil
}

// look judges what was opened, and closes it if that fails.
func (l *located) look() error {
	err := unix.Fstat(l.fd, &l.stat)
	if err != nil {
		l.close()
		return os.NewSyscallError("fstat", err)
	}
	return nil
}

// keeps reports whether only root can give the file's name in this folder to
// another.
func (l *located) keeps(file *located) bool {
	shared := l.stat.Mode&0o022 != 0
	return l.stat.Uid == 0 && (!shared || l.stat.Mode&unix.S_ISVTX != 0 && file.stat.Uid == 0)
}

// target is where a link leads. One that comes back up from a name of its own
// is not followed: that name may be a link too.
func (l *located) target() (string, error) {
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(l.fd, "", buf)
	if err != nil {
		return "", os.NewSyscallError("readlinkat", err)
	}
	text, at := string(buf[:n]), filepath.Dir(l.real)
	if filepath.IsAbs(text) {
		at = "/"
	}
	own := false
	for name := range strings.SplitSeq(text, "/") {
		switch {
		case name == "" || name == ".":
		case name != "..":
			at, own = filepath.Join(at, name), true
		case own:
			return "", errLeadsAway
		default:
			at = filepath.Dir(at)
		}
	}
	return at, nil
}

// parts are the names in a clean path.
func parts(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" || path == "." {
		return nil
	}
	return strings.Split(path, "/")
}
