package record

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// Process is one process, which a pid alone is not: it is used again.
type Process struct {
	Pid       int    `json:"pid"`
	StartTime uint64 `json:"startTime"` // in clock ticks since boot
}

// Alive reports whether the process with this pid is still the one recorded.
func (p Process) Alive() bool {
	if p.Pid <= 0 {
		return false
	}
	start, err := StartTime(p.Pid)
	return err == nil && start == p.StartTime
}

// Init is the container's first process.
func (r *Record) Init() Process { return Process{r.Pid, r.StartTime} }

// Alive reports whether the container's init process is the one recorded.
func (r *Record) Alive() bool { return r.Init().Alive() }

// StartTime returns when a process started, in clock ticks since boot
// (/proc/<pid>/stat field 22, proc(5)). With the pid it names one process: a
// pid alone is reused.
func StartTime(pid int) (uint64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The command in field 2 may hold spaces and parentheses; the last ')' ends it.
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) < 20 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	return strconv.ParseUint(string(fields[19]), 10, 64)
}
