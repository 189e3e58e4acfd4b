package cgroup

import (
	"errors"
	"fmt"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"
)

// Freeze stops every process below a place, or lets them go on.
func Freeze(place string, frozen bool) error {
	m, err := open(place)
	if err != nil || !m.Exists() {
		return err
	}
	state := cgroups.Thawed
	if frozen {
		state = cgroups.Frozen
	}
	return m.Freeze(state)
}

// Kill kills every process below a place. Where the kernel cannot do it by
// itself (cgroup.kill, Linux 5.14) they are frozen meanwhile, so that none forks
// and no number is reused.
func Kill(place string) error {
	m, err := open(place)
	if err != nil || !m.Exists() {
		return err
	}
	if has(m, "cgroup.kill") {
		return m.Set(&cgroups.Resources{SkipDevices: true, Unified: map[string]string{"cgroup.kill": "1"}})
	}
	if err := m.Freeze(cgroups.Frozen); err != nil {
		return err
	}
	pids, err := m.GetAllPids()
	for _, pid := range pids {
		if kill := unix.Kill(pid, unix.SIGKILL); kill != nil && kill != unix.ESRCH {
			err = errors.Join(err, fmt.Errorf("kill process %d: %w", pid, kill))
		}
	}
	return errors.Join(err, m.Freeze(cgroups.Thawed))
}
