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

// Locked runs f while holding the locks of tenants, which are named from the
// outermost to the innermost, as everybody takes them: no other process of the
// installation changes what is theirs meanwhile. A record that names a tenant's
// cgroup is made below its lock, since Release looks for records below it. A
// lock does not nest, and ends with its process.
func (t *Tree) Locked(names []string, f func() error) error {
	if len(names) == 0 {
		return f()
	}
	if err := checkName(names[0]); err != nil {
		return err
	}
	return locked(filepath.Join(t.root.Tenants(), names[0]+".lock"), func() error { return t.Locked(names[1:], f) })
}

// Chain names a tenant and those above it, the outermost first: the locks that a
// container of the tenant is made under. While the tenant's cgroup is where an
// earlier policy had it, those above it there are among them.
func (t *Tree) Chain(p *tenant.Policy) ([]string, error) {
	names := chain(p)
	place, err := t.Place(p)
	if err != nil {
		return nil, err
	}
	if there := t.Names(place); !slices.Equal(there, names) {
		others := slices.DeleteFunc(there, func(name string) bool { return slices.Contains(names, name) })
		names = append(others, names...)
	}
	return names, nil
}

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
