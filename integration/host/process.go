// Package host reads what the kernel says of the machine: processes, mounts,
// cgroups and sockets. Tests and the demo use it to see a container from
// outside, where nothing that runs inside can lie. It changes nothing, except
// where a function's name says so.
package host

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Processes returns the ids of all processes.
func Processes() []int {
	entries, _ := os.ReadDir("/proc") // without /proc there are none to see
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// WithVariable returns the processes that were started with this variable
// ("NAME=value") in their environment.
func WithVariable(variable string) []int {
	var found []int
	for _, pid := range Processes() {
		if slices.Contains(environment(pid), variable) {
			found = append(found, pid)
		}
	}
	return found
}

// InCgroups returns the processes that are in a cgroup of any hierarchy whose
// path fits.
func InCgroups(fits func(path string) bool) []int {
	var found []int
	for _, pid := range Processes() {
		if slices.ContainsFunc(Cgroups(pid), func(c Membership) bool { return fits(c.Path) }) {
			found = append(found, pid)
		}
	}
	return found
}

// Children returns the processes whose parent this is.
func Children(parent int) []int {
	var found []int
	for _, pid := range Processes() {
		if field(pid, "PPid") == strconv.Itoa(parent) {
			found = append(found, pid)
		}
	}
	return found
}

// Command returns a process's command line, for people.
func Command(pid int) string {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if len(data) == 0 {
		return field(pid, "Name")
	}
	return strings.TrimSpace(string(bytes.ReplaceAll(data, []byte{0}, []byte{' '})))
}

// Alive reports whether a process exists and is not a zombie.
func Alive(pid int) bool {
	state := field(pid, "State")
	return state != "" && state[0] != 'Z'
}

// Program returns the file that a process executes, empty if it ended.
func Program(pid int) string {
	path, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return filepath.Clean(path)
}

func environment(pid int) []string {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)) // it may have ended
	return strings.Split(string(data), "\x00")
}

// field returns one field of /proc/<pid>/status, empty if the process ended.
func field(pid int, name string) string {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// Parent returns the id of a process's parent, 0 if the process ended.
func Parent(pid int) int {
	parent, _ := strconv.Atoi(field(pid, "PPid"))
	return parent
}
