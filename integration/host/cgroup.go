package host

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Hierarchies is where cgroups are mounted.
const Hierarchies = "/sys/fs/cgroup"

// Membership says in which cgroup of a hierarchy a process is.
type Membership struct {
	Controllers []string // empty: cgroup v2
	Path        string
}

// Cgroups returns a process's cgroup in each hierarchy, none if it ended.
func Cgroups(pid int) []Membership {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	var all []Membership
	for line := range strings.Lines(string(data)) {
		// cgroups(7): hierarchy-ID:controller-list:cgroup-path
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		m := Membership{Path: parts[2]}
		if parts[1] != "" {
			m.Controllers = strings.Split(parts[1], ",")
		}
		all = append(all, m)
	}
	return all
}

// CgroupDir returns the directory of a process's cgroup for a controller, in
// whichever version the machine has it. Its error says that there is none.
func CgroupDir(pid int, controller string) (string, error) {
	var unified string
	for _, m := range Cgroups(pid) {
		if slices.Contains(m.Controllers, controller) {
			return filepath.Join(Hierarchies, controller, m.Path), nil
		}
		if len(m.Controllers) == 0 {
			unified = m.Path
		}
	}
	if V2() && unified != "" {
		return filepath.Join(Hierarchies, unified), nil
	}
	return "", fmt.Errorf("process %d has no cgroup of controller %s", pid, controller)
}

// V2 reports whether the machine has the unified hierarchy only.
func V2() bool {
	var st unix.Statfs_t
	return unix.Statfs(Hierarchies, &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC
}

// Systemd reports whether systemd is the machine's init.
func Systemd() bool {
	_, err := os.Stat("/run/systemd/system")
	return err == nil
}

// A Setting is one value of a cgroup, under the name that each version gives it.
type Setting struct{ Controller, V1, V2 string }

// Settings that the tests and the demo read.
var (
	MemoryLimit  = Setting{"memory", "memory.limit_in_bytes", "memory.max"}
	PidsLimit    = Setting{"pids", "pids.max", "pids.max"}
	PidsUsed     = Setting{"pids", "pids.current", "pids.current"}
	MemoryEvents = Setting{"memory", "memory.oom_control", "memory.events"}
	CPUStat      = Setting{"cpu", "cpu.stat", "cpu.stat"}
	MemoryStat   = Setting{"memory", "memory.stat", "memory.stat"}
	Throttles    = Setting{"blkio", "blkio.throttle.write_bps_device", "io.max"}
	IOStat       = Setting{"blkio", "blkio.throttle.io_service_bytes", "io.stat"}
)

// CgroupAbove returns the directory of the cgroup that is up levels above a
// process's own.
func CgroupAbove(pid int, controller string, up int) (string, error) {
	dir, err := CgroupDir(pid, controller)
	for range up {
		dir = filepath.Dir(dir)
	}
	return dir, err
}

// Read returns a setting of the cgroup that is up levels above a process's own.
func (s Setting) Read(pid, up int) (string, error) {
	dir, err := CgroupAbove(pid, s.Controller, up)
	if err != nil {
		return "", err
	}
	file := s.V1
	if V2() {
		file = s.V2
	}
	data, err := os.ReadFile(filepath.Join(dir, file))
	return strings.TrimSpace(string(data)), err
}

// Unlimited is what a limit reads when there is none.
const Unlimited = int64(math.MaxInt64)

// ReadInt returns a setting that is a number or "max".
func (s Setting) ReadInt(pid, up int) (int64, error) {
	text, err := s.Read(pid, up)
	if err != nil {
		return 0, err
	}
	return number(text)
}

func number(text string) (int64, error) {
	if text == "max" || text == "-1" {
		return Unlimited, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	// cgroup v1 prints "no memory limit" as the largest multiple of a page.
	if err == nil && n > Unlimited-int64(os.Getpagesize()) {
		n = Unlimited
	}
	return n, err
}

// CPUQuota returns the CPU quota, in thousandths of a CPU, of the cgroup that
// is up levels above a process's own.
func CPUQuota(pid, up int) (int64, error) {
	quota, err := Setting{"cpu", "cpu.cfs_quota_us", "cpu.max"}.Read(pid, up)
	if err != nil {
		return 0, err
	}
	period := "100000"
	if V2() {
		quota, period, _ = strings.Cut(quota, " ")
	} else if period, err = (Setting{"cpu", "cpu.cfs_period_us", ""}).Read(pid, up); err != nil {
		return 0, err
	}
	q, err := number(quota)
	if err != nil || q == Unlimited {
		return q, err
	}
	p, err := number(period)
	return q * 1000 / max(p, 1), err
}

// Counter returns a number of a setting that holds lines of "name number".
func (s Setting) Counter(pid, up int, name string) (int64, error) {
	text, err := s.Read(pid, up)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
		}
	}
	return 0, fmt.Errorf("%s has no %s", s.V1, name)
}

// CgroupsNamed returns the directories of all top-level cgroups, in all
// hierarchies, whose name fits, with everything below them.
func CgroupsNamed(fits func(name string) bool) []string {
	var found []string
	for _, root := range hierarchies() {
		entries, _ := os.ReadDir(root)
		for _, e := range entries {
			if e.IsDir() && fits(e.Name()) {
				found = append(found, directoriesBelow(filepath.Join(root, e.Name()))...)
			}
		}
	}
	return found
}

// hierarchies are the roots of all hierarchies, that of cgroup v2 included.
func hierarchies() []string {
	if V2() {
		return []string{Hierarchies}
	}
	roots, _ := filepath.Glob(Hierarchies + "/*")
	return slices.DeleteFunc(roots, func(r string) bool {
		info, err := os.Lstat(r) // "cpu,cpuacct" has links "cpu" and "cpuacct"
		return err != nil || !info.IsDir()
	})
}

func directoriesBelow(dir string) []string {
	var found []string
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			found = append(found, path)
		}
		return nil // what vanishes meanwhile is not there
	})
	return found
}
