// Package posture reads what the kernel really holds a running process to, and
// compares it with what its container was given. It looks from outside, at
// /proc/<pid> alone, and opens nothing inside of a container.
//
// The operator's `bulkhead verify` and the tests with real engines are the same
// code.
package posture

import (
	"fmt"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Posture is what the kernel holds a process to. Sources: proc(5), namespaces(7).
type Posture struct {
	Pid             int
	Capabilities    Capabilities
	NoNewPrivileges bool
	Seccomp         Seccomp
	SeccompFilters  int      // how many are on top of each other; 0 before Linux 5.9
	UIDs, GIDs      []uint32 // real, effective, saved and of the file system, as the reader sees them
	OOMScoreAdj     int
	Limits          map[string]Limit // by "RLIMIT_NOFILE"
	Namespaces      map[specs.LinuxNamespaceType]string
	UIDMap, GIDMap  []specs.LinuxIDMapping
	Mounts          []Mount
	Files           []File // open
}

// Capabilities are sets of bits.
type Capabilities struct{ Effective, Permitted, Bounding, Inheritable, Ambient uint64 }

// Seccomp is a mode of seccomp(2).
type Seccomp int

// Modes of seccomp(2).
const (
	SeccompOff    Seccomp = 0
	SeccompStrict Seccomp = 1
	SeccompFilter Seccomp = 2
)

func (s Seccomp) String() string {
	switch s {
	case SeccompOff:
		return "off"
	case SeccompFilter:
		return "filter"
	default:
		return "strict"
	}
}

// Of reads the posture of a process. Its error is fs.ErrNotExist, or ESRCH, when
// the process ended meanwhile. The caller makes sure that the pid still is who
// it was, after this.
func Of(pid int) (*Posture, error) {
	p := &Posture{Pid: pid}
	for _, read := range []func() error{
		p.readStatus, p.readOOMScore, p.readLimits, p.readNamespaces, p.readMaps, p.readMounts, p.readFiles,
	} {
		if err := read(); err != nil {
			return nil, fmt.Errorf("process %d: %w", pid, err)
		}
	}
	return p, nil
}

// path is a file of the process in /proc.
func (p *Posture) path(name string) string { return fmt.Sprintf("/proc/%d/%s", p.Pid, name) }
