// Package cgroup keeps the tenant's own cgroup: the parent of all containers of
// one tenant, which carries the limits that they have together. It is made by
// whoever needs it first, holds no process itself, and goes with the tenant's
// last container.
//
// The package trusts the policy and the records of the installation. It touches
// nothing but the cgroups below isolator.CgroupRoot and the locks of tenants.
// All of the kernel's files are written by github.com/opencontainers/cgroups.
package cgroup

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/fs"
	"github.com/opencontainers/cgroups/fscommon"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// ErrUnsupported says that this node cannot hold a limit, or cannot hold any.
var ErrUnsupported = errors.New("not supported on this node")

var (
	errV2      = fmt.Errorf("%w: cgroup v2 nodes are not supported yet by this version", ErrUnsupported)
	errSystemd = fmt.Errorf("%w: systemd cgroups are not supported yet by this version", ErrUnsupported)
	errNested  = fmt.Errorf("%w: memory.use_hierarchy is off, so that a tenant's memory limit would not bind its containers", ErrUnsupported)
)

// Ensure makes the tenant's cgroup if it is not there and sets its limits. A
// cgroup that it made is gone again when it fails; one that was there keeps its
// limits.
//
// Preconditions: the tenant's lock is held (Locked), the container's record
// exists, and p is in force: a policy read before the lock was taken may have
// been replaced, and its limits with it.
func Ensure(root tenant.Root, p *tenant.Policy) error {
	m, err := ofTenant(root, p.Name)
	if err != nil {
		return err
	}
	to, err := limits(p, m)
	if err != nil {
		return err
	}
	if exists(m) {
		if err := apply(m, p, nothing); err != nil {
			return fmt.Errorf("set the limits of tenant %s: %w", p.Name, err)
		}
		return nil
	}
	err = locked(parentLock(root), func() error { return m.Apply(-1) }) // -1: no process joins
	if err == nil {
		err = nests(m)
	}
	if err == nil {
		err = m.Set(to)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("make the cgroup of tenant %s: %w", p.Name, err), remove(root, m))
	}
	return nil
}

func ofTenant(root tenant.Root, name string) (cgroups.Manager, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	return open(isolator.TenantCgroup(root.Installation(), name))
}

// open returns the manager of a cgroup, which need not exist, by the value that
// linux.cgroupsPath has for it. This is the place where cgroup v2 and systemd
// come in: the module's manager.New serves them, the limits here do not yet,
// and linking it makes the shim 280 KiB larger.
func open(path string) (cgroups.Manager, error) {
	switch {
	case cgroups.IsCgroup2UnifiedMode():
		return nil, errV2
	case strings.Contains(path, ":"):
		return nil, errSystemd
	}
	// No device rules, and not SkipDevices: with it the module does not make
	// the directory in the devices hierarchy, and the delegate that makes it on
	// its way would race with the removal of the installation's.
	cg := &cgroups.Cgroup{Path: path, Resources: &cgroups.Resources{}}
	if !filepath.IsAbs(path) {
		return fs.NewManager(cg, nil) // below this process's own, as for the delegate
	}
	mounts, err := hierarchies()
	if err != nil {
		return nil, err
	}
	paths := make(map[string]string, len(mounts))
	for controller, mount := range mounts {
		paths[controller] = filepath.Join(mount, filepath.Clean(path))
	}
	return fs.NewManager(cg, paths)
}

// hierarchies finds, once, where each hierarchy of a cgroup v1 node is mounted,
// by controller, "name=…", or "" for the unified mount of a hybrid node.
var hierarchies = sync.OnceValues(func() (map[string]string, error) {
	m, err := fs.NewManager(&cgroups.Cgroup{Path: "/", Resources: &cgroups.Resources{}}, nil)
	if err != nil {
		return nil, fmt.Errorf("find cgroups: %w", err)
	}
	return m.GetPaths(), nil
})

// exists reports whether a cgroup is there in all hierarchies that limit.
func exists(m cgroups.Manager) bool {
	for _, controller := range []string{"cpu", "memory", "pids"} {
		if path := m.Path(controller); path != "" && !cgroups.PathExists(path) {
			return false
		}
	}
	return true
}

// nests makes sure that the memory limit of a cgroup binds those below it: on
// kernels before 5.11 it does so only if somebody (systemd) asked for it.
func nests(m cgroups.Manager) error {
	path := m.Path("memory")
	if path == "" {
		return nil
	}
	on, err := fscommon.GetCgroupParamUint(path, "memory.use_hierarchy")
	if err != nil {
		return err
	}
	if on == 0 {
		return errNested
	}
	return nil
}
