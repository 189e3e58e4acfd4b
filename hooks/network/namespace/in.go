// Package namespace makes, enters and removes network namespaces: the steps of
// the host for a network that a tenant's containers share, and for what only a
// process inside a namespace can set. It knows nothing of tenants. Whoever calls
// it has found out which namespace a path or a process has.
package namespace

import (
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// In runs f in the network namespace of an open file. What f starts or leaves
// to other goroutines is not in it.
func In(fd int, f func() error) error {
	return away(func() error {
		if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
			return os.NewSyscallError("setns", err)
		}
		return f()
	})
}

// away runs f, which may go to another network namespace, on a thread of its
// own, and brings that back. A thread must not end with f instead: with it the
// kernel would kill each process that it has started before and that shall not
// outlive its parent, as the delegates of a shim are (prctl(2),
// PR_SET_PDEATHSIG; go-runc 1.2, containerd-shim-runc-v2).
func away(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		// The process's first thread shows the process's namespaces in /proc/<pid>/ns,
		// so it waits for another.
		if unix.Gettid() == os.Getpid() {
			defer runtime.UnlockOSThread()
			done <- away(f)
			return
		}
		err := andBack(f)
		if !errors.Is(err, errLost) {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
}

// errLost is of a thread that stays where it is, and that nobody may use again.
var errLost = errors.New("come back from another network namespace")

func andBack(f func() error) (err error) {
	here, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer here.Close()
	defer func() {
		if back := unix.Setns(int(here.Fd()), unix.CLONE_NEWNET); back != nil {
			err = errors.Join(err, errLost, os.NewSyscallError("setns", back))
		}
	}()
	return f()
}
