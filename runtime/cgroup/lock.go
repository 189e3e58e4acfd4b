package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Locked runs f while holding the tenant's lock: no other process of the
// installation is in a Locked, an Apply or a Release of that tenant meanwhile.
// A record that names the tenant's cgroup is made below it, since Release looks
// for records below it. The lock does not nest, and ends with its process.
func Locked(root tenant.Root, name string, f func() error) error {
	if err := checkName(name); err != nil {
		return err
	}
	return locked(filepath.Join(root.Tenants(), name+".lock"), f)
}

// parentLock names the lock below which the installation's own cgroup is made
// and removed, so that it does not go while a tenant's is made in it. It is
// taken after a tenant's lock and never held for longer than a few calls.
func parentLock(root tenant.Root) string { return filepath.Join(root.Tenants(), ".lock") }

// lockPatience bounds the wait for a lock: a process that was stopped while it
// held one must not keep a container from being deleted. It is looked at often,
// since it is held for about a millisecond.
const (
	lockPatience = 20 * time.Second
	lockStep     = time.Millisecond
)

// locked runs f while holding an exclusive flock(2). The file stays: removing
// it would let two processes hold the lock, one of the old file, one of a new.
func locked(path string, f func() error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("take lock: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("take lock: %w", err)
	}
	defer file.Close() // ends the lock
	for wait := time.Duration(0); ; wait += lockStep {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return f()
		}
		if err != unix.EINTR && err != unix.EWOULDBLOCK || wait >= lockPatience {
			return &os.PathError{Op: "flock", Path: path, Err: err}
		}
		time.Sleep(lockStep)
	}
}

// checkName keeps a name from leading out of its folder or its cgroup, and from
// being the parent's lock.
func checkName(name string) error {
	if name == "" || name[0] == '.' || strings.ContainsAny(name, "/:\x00") {
		return fmt.Errorf("tenant %q is not a name", name)
	}
	return nil
}
