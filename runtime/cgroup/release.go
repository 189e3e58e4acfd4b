package cgroup

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Release removes the tenant's cgroup, and the installation's when it was the
// last, unless a record says that a container may be below it. Nothing to
// remove is success.
//
// Preconditions: the tenant's lock is not held; Release takes it.
func Release(root tenant.Root, name string) error {
	return Locked(root, name, func() error {
		m, err := ofTenant(root, name)
		if errors.Is(err, ErrUnsupported) {
			return nil // Ensure never made one here
		}
		if err != nil {
			return err
		}
		records, err := record.List(root)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(records, func(r *record.Record) bool { return r.Tenant == name && r.TenantCgroup != "" }) {
			return nil
		}
		if err := remove(root, m); err != nil {
			return fmt.Errorf("remove the cgroup of tenant %s: %w", name, err)
		}
		return nil
	})
}

// remove removes a tenant's cgroup with all that a killed delegate left below
// it, from every hierarchy: a delegate makes the directories on its way where
// Ensure did not. It ends at the first that is busy, so that a living process
// without a record costs one second (the module's patience) and not ten.
//
// Preconditions: the tenant's lock is held.
func remove(root tenant.Root, m cgroups.Manager) error {
	for _, path := range slices.Sorted(maps.Values(m.GetPaths())) {
		if err := cgroups.RemovePath(path); err != nil {
			return err
		}
	}
	return ReleaseParent(root)
}

// ReleaseParent removes the installation's own cgroup from each hierarchy where
// no tenant is below it. Release does this too; a process that was killed in
// between leaves it to be done.
func ReleaseParent(root tenant.Root) error {
	m, err := open(isolator.CgroupRoot(root.Installation()))
	if errors.Is(err, ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	return locked(parentLock(root), func() error {
		for _, path := range m.GetPaths() {
			// Not RemovePath, which would take tenants with it.
			err := unix.Rmdir(path)
			if err != nil && err != unix.ENOENT && err != unix.EBUSY && err != unix.ENOTEMPTY {
				return fmt.Errorf("rmdir %s: %w", path, err)
			}
		}
		return nil
	})
}
