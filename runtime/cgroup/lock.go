package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Locked runs f while holding the locks of tenants: no other process of the
// installation changes what is theirs meanwhile. A record that names a tenant's
// cgroup is made below its lock, since Release looks for records below it. A
// lock ends with its process.
//
// Everybody takes several in the order of their names, whatever tenant is above
// which: two policies may not agree on that.
func (t *Tree) Locked(names []string, f func() error) error {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	for _, name := range names {
		if err := checkName(name); err != nil {
			return err
		}
	}
	return t.lockAll(names, f)
}

func (t *Tree) lockAll(names []string, f func() error) error {
	if len(names) == 0 {
		return f()
	}
	return locked(filepath.Join(t.root.Tenants(), names[0]+".lock"), func() error { return t.lockAll(names[1:], f) })
}

// Chain names a tenant and those above it: the locks that a container of the
// tenant is made under. While the tenant's cgroup is where an earlier policy had
// it, those above it there are among them.
func (t *Tree) Chain(p *tenant.Policy) ([]string, error) {
	place, err := t.Place(p)
	return append(chain(p), t.Names(place)...), err
}

// lockPatience bounds the wait for a lock: a process that was stopped while it
// held one must not keep a container from being deleted. It is looked at often,
// since it is held for about a millisecond, and long, since an apply holds it
// until the delegates of all of a tenant's containers are told.
const (
	lockPatience = 2 * time.Minute
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
