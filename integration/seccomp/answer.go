package seccomp

import "fmt"

// An Answer is what the kernel does with a call.
type Answer struct {
	Class Class
	Errno uint16 // of Error
}

// Class is an action, in the order of how strict it is. What leaves the
// decision to somebody else counts as an error.
type Class int

// The order of actions.
const (
	KillProcess Class = iota
	KillThread
	Trap
	Error
	Allow
)

const (
	eperm  = 1
	enosys = 38

	allowed = 0x7fff0000 // SECCOMP_RET_ALLOW
)

// answerOf reads what a program returns. Source: linux/seccomp.h.
func answerOf(ret uint32) Answer {
	switch ret & 0xffff0000 {
	case 0x80000000:
		return Answer{Class: KillProcess}
	case 0x00000000:
		return Answer{Class: KillThread}
	case 0x00030000:
		return Answer{Class: Trap}
	case 0x00050000:
		return Answer{Error, uint16(ret)}
	case 0x7ff00000, 0x7fc00000, 0x7ffc0000: // TRACE, USER_NOTIF, LOG
		return Answer{Error, eperm}
	case allowed:
		return Answer{Class: Allow}
	}
	panic(fmt.Sprintf("the kernel knows no action %#x", ret))
}

// Stricter returns the stricter of what two filters answer: of two errors
// ENOSYS, else the second filter's.
func Stricter(a, b Answer) Answer {
	switch {
	case a.Class != b.Class:
		return Answer{min(a.Class, b.Class), map[bool]uint16{true: a.Errno, false: b.Errno}[a.Class < b.Class]}
	case a.Class == Error && a.Errno == enosys:
		return a
	}
	return b
}

// Answer returns what the kernel does with a call under the program.
func (p Program) Answer(c *Call) Answer { return answerOf(p.Run(c)) }
