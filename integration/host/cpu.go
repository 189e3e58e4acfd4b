package host

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// CPUUsed returns the CPU time that the cgroup which is up levels above a
// process's own has used so far, with all below it.
func CPUUsed(pid, up int) (time.Duration, error) {
	if V2() {
		micro, err := CPUStat.Counter(pid, up, "usage_usec")
		return time.Duration(micro) * time.Microsecond, err
	}
	nano, err := Setting{"cpuacct", "cpuacct.usage", ""}.ReadInt(pid, up)
	return time.Duration(nano), err
}

// AllowedCPUs returns the CPUs that a process may run on, as a list ("0-2,4"),
// empty if it ended.
func AllowedCPUs(pid int) string { return field(pid, "Cpus_allowed_list") }

// OOMScoreAdj returns how much sooner than others the kernel kills a process for
// memory, -1000 to 1000 (proc(5)).
func OOMScoreAdj(pid int) (int, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(data)))
}

// RunsOn returns the CPUs that the threads of a process run on or wait for; of
// one that sleeps the kernel only says where it was (proc(5), field 39 of stat).
func RunsOn(pid int) []int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	var cpus []int
	for _, file := range files {
		data, _ := os.ReadFile(file) // the thread may have ended
		// The command in field 2 may hold spaces; the last ')' ends it.
		fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
		if len(fields) < 37 || fields[0] != "R" {
			continue
		}
		if cpu, err := strconv.Atoi(fields[36]); err == nil {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}
