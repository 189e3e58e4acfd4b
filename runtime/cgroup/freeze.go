package cgroup

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"
)

// A process that waits for its share of the CPU has to run once more before it
// is frozen: on a busy node, or below a small limit, that takes a while.
const (
	freezePatience = 10 * time.Second
	freezeStep     = 5 * time.Millisecond
)

// Freeze stops every process below a place, and waits until nothing moves there.
// On cgroup v1 the module gives up after a quarter of a second, in which it lets
// everything go on again and again; it waits as long as this on v2. Without such
// a cgroup there is nothing to stop.
func Freeze(place string) error {
	m, err := open(place)
	if err != nil || !m.Exists() {
		return err
	}
	if v2() {
		return m.Freeze(cgroups.Frozen)
	}
	dir := m.Path("freezer")
	for wait := time.Duration(0); ; wait += freezeStep {
		// Written again, for what joined meanwhile.
		if err := cgroups.WriteFile(dir, "freezer.state", string(cgroups.Frozen)); err != nil {
			return err
		}
		state, err := cgroups.ReadFile(dir, "freezer.state")
		if err != nil || strings.TrimSpace(state) == string(cgroups.Frozen) {
			return err
		}
		if wait >= freezePatience {
			return errors.Join(fmt.Errorf("something still moves after %v; it was thawed again", freezePatience), m.Freeze(cgroups.Thawed))
		}
		time.Sleep(freezeStep)
	}
}

// Thaw lets every process below a place go on.
func Thaw(place string) error {
	m, err := open(place)
	if err != nil || !m.Exists() {
		return err
	}
	return m.Freeze(cgroups.Thawed)
}

// killRounds bounds how often what forks faster than it is killed is killed again.
const killRounds = 50

// Kill kills every process below a place. Where the kernel cannot do it by
// itself (cgroup.kill, Linux 5.14) they are frozen meanwhile, so that none
// forks; what does not freeze is killed until nothing is left.
func Kill(place string) error {
	m, err := open(place)
	if err != nil || !m.Exists() {
		return err
	}
	if has(m, "cgroup.kill") {
		return m.Set(&cgroups.Resources{SkipDevices: true, Unified: map[string]string{"cgroup.kill": "1"}})
	}
	if Freeze(place) == nil {
		_, err := killOnce(m)
		return errors.Join(err, m.Freeze(cgroups.Thawed))
	}
	for range killRounds {
		if left, err := killOnce(m); err != nil || left == 0 {
			return err
		}
	}
	return fmt.Errorf("%s forks faster than it is killed", place)
}

// killOnce kills what is below a cgroup now, and returns how many that were. A
// number that is reused meanwhile names nobody else: a process is held before it
// is looked for in the cgroup once more.
func killOnce(m cgroups.Manager) (int, error) {
	pids, err := m.GetAllPids()
	if err != nil {
		return 0, err
	}
	held := map[int]int{}
	for _, pid := range pids {
		if fd, err := unix.PidfdOpen(pid, 0); err == nil {
			held[pid] = fd
			defer unix.Close(fd)
		}
	}
	again, err := m.GetAllPids()
	for _, pid := range again {
		fd, ok := held[pid]
		if !ok {
			continue
		}
		if kill := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); kill != nil && kill != unix.ESRCH {
			err = errors.Join(err, fmt.Errorf("kill process %d: %w", pid, kill))
		}
	}
	return len(again), err
}
