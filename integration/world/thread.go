package world

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// OnThread calls a function on a thread that ends with it, so that nothing else
// ever runs in the namespaces it entered. The process's first thread stands for
// the process in /proc, and cannot end: it is left out.
func OnThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			done <- OnThread(f)
			runtime.UnlockOSThread()
			return
		}
		done <- f()
	}()
	return <-done
}
