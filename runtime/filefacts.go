package runtime

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// files finds out what the paths really are that a request's mounts and devices
// and the policy's devices name.
func files(s *specs.Spec, g grants) (map[string]isolator.File, error) {
	found := map[string]isolator.File{}
	add := func(path string, file isolator.File, err error) error {
		if err == nil {
			found[path] = file
		} else if !notThere(err) {
			return err
		}
		return nil
	}
	for _, m := range s.Mounts {
		if !isBind(m) {
			continue
		}
		file, err := g.file(m.Source)
		if err := add(m.Source, file, err); err != nil {
			return nil, err
		}
	}
	for _, d := range deviceNodes(s, g.policy) {
		file, err := d.file()
		if err := add(d.path, file, err); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// notThere reports that a path leads to no file that anybody may have.
func notThere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ENAMETOOLONG) ||
		errors.Is(err, unix.ELOOP) || errors.Is(err, errLeadsAway)
}

// isBind reports a bind mount as delegates understand one: by its type or by an
// option (runc 1.1 to 1.5, libcontainer/specconv; crun 1.8, linux.c).
func isBind(m specs.Mount) bool {
	return m.Type == "bind" || slices.Contains(m.Options, "bind") || slices.Contains(m.Options, "rbind")
}

// deviceNode is the path of a device, and the one from which on no link is
// followed.
type deviceNode struct{ granted, path string }

func (d deviceNode) file() (isolator.File, error) {
	l, err := locate(d.granted, d.path)
	if err != nil {
		return isolator.File{}, err
	}
	defer l.close()
	return fileOf(l), nil
}

// deviceNodes are those that a request names, of /dev only, and those of the
// policy: these are the operator's word, wherever they are.
func deviceNodes(s *specs.Spec, p *tenant.Policy) (all []deviceNode) {
	if s.Linux != nil {
		for _, d := range s.Linux.Devices {
			if clean(d.Path) && strings.HasPrefix(d.Path, "/dev/") {
				all = append(all, deviceNode{"/dev", d.Path})
			}
		}
	}
	for _, d := range p.Security.Exceptions.Devices {
		all = append(all, deviceNode{d.Path, d.Path})
	}
	for _, c := range p.Security.Exceptions.CDIDevices {
		for _, n := range c.Nodes {
			all = append(all, deviceNode{n.HostPath, n.HostPath})
		}
	}
	return slices.DeleteFunc(all, func(d deviceNode) bool { return !clean(d.path) })
}

// fileOf is what the isolators need to know of a file.
func fileOf(l *located) isolator.File {
	f := isolator.File{Kind: kinds[l.stat.Mode&unix.S_IFMT], Real: l.real, Device: l.stat.Dev, Inode: l.stat.Ino, Guarded: l.guarded}
	if f.Kind == isolator.Block || f.Kind == isolator.Char {
		f.Major, f.Minor = int64(unix.Major(l.stat.Rdev)), int64(unix.Minor(l.stat.Rdev))
	}
	return f
}

var kinds = map[uint32]isolator.FileKind{
	unix.S_IFDIR: isolator.Folder, unix.S_IFREG: isolator.Regular, unix.S_IFSOCK: isolator.Socket,
	unix.S_IFIFO: isolator.Fifo, unix.S_IFBLK: isolator.Block, unix.S_IFCHR: isolator.Char,
}

func clean(path string) bool { return filepath.IsAbs(path) && filepath.Clean(path) == path }
