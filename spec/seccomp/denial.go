package seccomp

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// The errors that a filter answers with. Source: asm-generic/errno.h.
const (
	eperm    = 1
	enosys   = 38
	maxErrno = 4095 // the kernel cuts off what is above
)

// A denial is how a call is denied; the zero value is that it is allowed.
type denial struct {
	action specs.LinuxSeccompAction
	errno  uint // of ActErrno
}

// denialOf returns how a rule denies; what leaves the decision to somebody
// else (NOTIFY, TRACE, LOG) or is unknown becomes an error.
func denialOf(action specs.LinuxSeccompAction, errno *uint) denial {
	switch action {
	case specs.ActAllow:
		return denial{}
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

// The order of actions: KILL_PROCESS < KILL_THREAD < TRAP < ERRNO < ALLOW.
const (
	killProcess = iota
	killThread
	trap
	failure
	allowance
)

func (d denial) class() int {
	switch d.action {
	case specs.ActKillProcess:
		return killProcess
	case specs.ActKillThread:
		return killThread
	case specs.ActTrap:
		return trap
	case "":
		return allowance
	}
	return failure
}

// An order compares what two filters answer. Errors are outside the order of
// actions: where both filters have one, ENOSYS goes before others, since a libc
// that gets it falls back to an older call and gives up on EPERM; then the
// second filter's, which is the tenant's.
type order struct{ second side }

// of returns a number that is lower the stricter a denial is.
func (o order) of(d denial) uint {
	n := uint(d.class()) << 16
	if d.class() != failure {
		return n
	}
	n |= maxErrno - d.errno
	switch {
	case d.errno == enosys:
		return n
	case o.second.denies(d):
		return n | 1<<14
	}
	return n | 1<<15
}

func (o order) stricter(a, b denial) denial {
	if o.of(b) < o.of(a) {
		return b
	}
	return a
}

// write returns the error for runtime-spec; EPERM is what is meant without one.
func (d denial) write() *uint {
	if d.action != specs.ActErrno || d.errno == eperm {
		return nil
	}
	return &d.errno
}
