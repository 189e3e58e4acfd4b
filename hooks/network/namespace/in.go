// Package namespace makes, enters and removes network namespaces: the steps of
// the host for a network that a tenant's containers share, and for what only a
// process inside a namespace can set. It knows nothing of tenants. Whoever calls
// it has found out which namespace a path or a process has.
package namespace

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// In runs f in the network namespace of an open file. What f starts or leaves
// to other goroutines is not in it.
func In(fd int, f func() error) error {
	return alone(func() error {
		if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
			return os.NewSyscallError("setns", err)
		}
		return f()
	})
}

// alone runs f on a thread that ends with it, whatever namespace it is in by
// then. The process's first thread never ends and shows the process's
// namespaces (/proc/<pid>/ns), so it waits for another instead.
func alone(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == os.Getpid() {
			defer runtime.UnlockOSThread()
			done <- alone(f)
			return
		}
		done <- f()
	}()
	return <-done
}
