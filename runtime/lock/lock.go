// Package lock keeps the processes of one installation from changing the same
// thing of the host at once.
package lock

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds the wait for a lock: a process that was stopped while it
// held one must not keep a container from being deleted. It is looked at often,
// since it is held for about a millisecond, and long, since an apply holds it
// until the delegates of all of a tenant's containers are told.
const (
	patience = 2 * time.Minute
	step     = time.Millisecond
)

// Held runs f while holding an exclusive flock(2) of a file, which ends with the
// process. The file stays: removing it would let two processes hold the lock, one
// of the old file, one of a new.
func Held(path string, f func() error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("take lock: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("take lock: %w", err)
	}
	defer file.Close() // ends the lock
	for wait := time.Duration(0); ; wait += step {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return f()
		}
		if err != unix.EINTR && err != unix.EWOULDBLOCK || wait >= patience {
			return &os.PathError{Op: "flock", Path: path, Err: err}
		}
		time.Sleep(step)
	}
}
