package cgroup

import (
	"errors"
	"io/fs"
	"path/filepath"

	cgroupfs "github.com/opencontainers/cgroups/fs"
	"github.com/opencontainers/cgroups/fs2"
	"golang.org/x/sys/unix"
)

// OOMKills returns how many processes the kernel has killed for want of memory
// in a container's cgroup, named as in linux.cgroupsPath, and below it. The
// error is fs.ErrNotExist when the cgroup is gone.
//
// On cgroup v1 each cgroup counts its own only (memory.oom_control, oom_kill,
// since Linux 4.13); v2 adds up by itself.
func OOMKills(path string) (uint64, error) {
	m, err := open(path)
	if err != nil {
		return 0, err
	}
	leaf := m.Path("memory")
	if v2() {
		n, err := fs2.OOMKillCount(leaf)
		if errors.Is(err, unix.ENODEV) {
			err = fs.ErrNotExist
		}
		return n, err
	}
	var sum uint64
	err = filepath.WalkDir(leaf, func(dir string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			var n uint64
			n, err = cgroupfs.OOMKillCount(dir)
			sum += n
		}
		if errors.Is(err, unix.ENODEV) { // removed between open and read
			err = fs.ErrNotExist
		}
		if errors.Is(err, fs.ErrNotExist) && dir != leaf {
			return nil
		}
		return err
	})
	return sum, err
}
