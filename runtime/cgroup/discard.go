package cgroup

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"
)

// discardFor is how long the processes of a cgroup may take to end.
const discardFor = 5 * time.Second

// Discard kills what is in a container's cgroup, named as in linux.cgroupsPath,
// and removes it. It is for one whose delegate keeps nothing of it. Nothing to
// remove is success.
func Discard(path string) error {
	if path == "" {
		return nil
	}
	for deadline := time.Now().Add(discardFor); ; time.Sleep(discardFor / 500) {
		pids, err := Processes(path)
		if err != nil {
			return err
		}
		if len(pids) == 0 {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("processes %v in the cgroup %s do not end", pids, path)
		}
		for _, pid := range pids {
			if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("kill process %d: %w", pid, err)
			}
		}
	}
	m, err := open(path)
	if err != nil {
		return err
	}
	for _, dir := range slices.Sorted(maps.Values(m.GetPaths())) {
		if err := cgroups.RemovePath(dir); err != nil {
			return err
		}
	}
	return nil
}
