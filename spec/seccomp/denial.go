package seccomp

import (
	"cmp"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// The errors that a filter answers with. Source: asm-generic/errno.h.
const (
	eperm    = 1
	enosys   = 38
	maxErrno = 4095 // the kernel cuts off what is above
)

// A denial is how a call is denied; the zero value is that it is not.
type denial struct {
	action specs.LinuxSeccompAction
	errno  uint // of ActErrno
}

// denialOf returns how a rule denies; what leaves the decision to somebody
// else (NOTIFY, TRACE, LOG) or is unknown becomes an error.
func denialOf(action specs.LinuxSeccompAction, errno *uint) denial {
	switch action {
	case specs.ActKill:
		return denial{action: specs.ActKillThread} // its other name
	case specs.ActKillThread, specs.ActKillProcess, specs.ActTrap:
		return denial{action: action}
	case specs.ActErrno:
		if errno != nil && *errno <= maxErrno {
			return denial{specs.ActErrno, *errno}
		}
	}
	return denial{specs.ActErrno, eperm}
}

// stricter returns the stricter of two. ENOSYS goes before other errors: a
// libc that gets it falls back to an older call, one that gets EPERM gives up.
func stricter(a, b denial) denial {
	if cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.errno, b.errno)) >= 0 {
		return a
	}
	return b
}

func (d denial) rank() int {
	switch d.action {
	case specs.ActKillProcess:
		return 4
	case specs.ActKillThread:
		return 3
	case specs.ActTrap:
		return 2
	case "":
		return -1
	}
	if d.errno == enosys {
		return 1
	}
	return 0
}

// write returns the error for runtime-spec; EPERM is what is meant without one.
func (d denial) write() *uint {
	if d.action != specs.ActErrno || d.errno == eperm {
		return nil
	}
	return &d.errno
}
