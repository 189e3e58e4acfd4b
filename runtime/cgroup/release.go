package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/runtime/lock"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// Release removes the tenant's cgroup at a place, those of the tenants above it
// and the installation's, as far as no record says that a container may be
// below them. Nothing to remove is success.
//
// Preconditions: no lock of these tenants is held; Release takes them.
func (t *Tree) Release(place string) error {
	return t.Locked(t.Names(place), func() error { return t.Clear(place) })
}

// Names are the tenants whose places are at a place and above it, the outermost
// first.
func (t *Tree) Names(place string) []string {
	var names []string
	for _, level := range t.levels(place) {
		names = append(names, TenantAt(level))
	}
	return names
}

// Clear is Release while the locks of all these tenants are held.
func (t *Tree) Clear(place string) error {
	for _, level := range slices.Backward(t.levels(place)) {
		if used, err := t.used(level); used || err != nil {
			return err
		}
		if err := t.discard(level); err != nil {
			return fmt.Errorf("remove the cgroup of tenant %s: %w", TenantAt(level), err)
		}
	}
	return t.ReleaseBase()
}

// used reports whether a record says that a container of the tenant may be below
// its place, or a tenant's place is.
func (t *Tree) used(place string) (used bool, err error) {
	err = record.OfTenant(t.root, TenantAt(place), record.Own, func(r *record.Record) bool {
		used = used || r.TenantCgroup != "" && Holds(place, r.TenantCgroup)
		return used
	})
	if used || err != nil {
		return used, err
	}
	inner := map[string]bool{}
	err = t.places(place, inner)
	return len(inner) > 0, err
}

// discard removes a tenant's cgroup and forgets where it was.
func (t *Tree) discard(place string) error {
	if err := t.remove(place); err != nil {
		return err
	}
	if err := os.Remove(t.note(TenantAt(place))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// remove removes a cgroup with all that a killed delegate left below it, from
// every hierarchy: a delegate makes the directories on its way where Ensure did
// not. It ends at the first that is busy, so that a living process without a
// record costs one second (the module's patience) and not ten.
func (t *Tree) remove(place string) error {
	m, err := open(place)
	if err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Values(m.GetPaths())) {
		if err := cgroups.RemovePath(path); err != nil {
			return err
		}
	}
	if filepath.Ext(place) == sliceSuffix {
		return t.slices(SliceOrder{Slice: place, Stop: true}) // or it would come back empty
	}
	return nil
}

// ReleaseBase removes the installation's own cgroup from each hierarchy where no
// tenant is below it. Release does this too; a process that was killed in
// between leaves it to be done.
func (t *Tree) ReleaseBase() error {
	m, err := open(t.base())
	if err != nil {
		return err
	}
	return lock.Held(t.baseLock(), func() error {
		for _, path := range m.GetPaths() {
			// Not RemovePath, which would take tenants with it.
			err := unix.Rmdir(path)
			if err == unix.EBUSY || err == unix.ENOTEMPTY {
				return nil
			}
			if err != nil && err != unix.ENOENT {
				return fmt.Errorf("rmdir %s: %w", path, err)
			}
		}
		if filepath.Ext(t.base()) == sliceSuffix {
			return t.slices(SliceOrder{Slice: t.base(), Stop: true})
		}
		return nil
	})
}
