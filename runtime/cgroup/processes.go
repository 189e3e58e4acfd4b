package cgroup

import (
	"fmt"

	"github.com/opencontainers/cgroups"
)

// Processes are the processes of a container's cgroup, named as in
// linux.cgroupsPath, and of those below it; none when it is gone.
func Processes(path string) ([]int, error) {
	m, err := open(path)
	if err != nil || !exists(m) {
		return nil, err
	}
	dir := m.Path("")
	if !v2() {
		dir = m.Path("devices") // where every delegate puts every process
	}
	pids, err := cgroups.GetAllPids(dir)
	if err != nil {
		return nil, fmt.Errorf("processes of %s: %w", path, err)
	}
	return pids, nil
}
