package host

import (
	"fmt"
	"os"
	"strconv"
)

// Posture is what the kernel holds a process to.
type Posture struct {
	Effective, Permitted, Bounding uint64 // capability sets, by bit
	Inheritable, Ambient           uint64
	NoNewPrivileges                bool
	Seccomp                        Seccomp
	Namespaces                     map[string]string // by type: "net" to "net:[4026531840]"
}

// Seccomp is a process's seccomp mode (proc(5)).
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

// Capability numbers (linux/capability.h).
const (
	CapNetBindService = 10
	CapNetAdmin       = 12
	CapNetRaw         = 13
	CapSysChroot      = 18
	CapSysPtrace      = 19
	CapSysAdmin       = 21
	CapMknod          = 27
)

// PostureOf reads the posture of a process.
func PostureOf(pid int) (Posture, error) {
	p := Posture{Namespaces: map[string]string{}}
	for name, set := range map[string]*uint64{
		"CapEff": &p.Effective, "CapPrm": &p.Permitted, "CapBnd": &p.Bounding, "CapInh": &p.Inheritable, "CapAmb": &p.Ambient,
	} {
		bits, err := strconv.ParseUint(field(pid, name), 16, 64)
		if err != nil {
			return p, fmt.Errorf("process %d: %s: %w", pid, name, err)
		}
		*set = bits
	}
	mode, err := strconv.Atoi(field(pid, "Seccomp"))
	if err != nil {
		return p, fmt.Errorf("process %d: Seccomp: %w", pid, err)
	}
	p.Seccomp = Seccomp(mode)
	p.NoNewPrivileges = field(pid, "NoNewPrivs") == "1"
	for _, kind := range []string{"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"} {
		name, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
		if err != nil {
			return p, err
		}
		p.Namespaces[kind] = name
	}
	return p, nil
}

// Has reports whether a capability set has a capability.
func Has(set uint64, capability int) bool { return set&(1<<capability) != 0 }
