package cgroup

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/fs"
	"github.com/opencontainers/cgroups/fs2"
	"github.com/opencontainers/cgroups/fscommon"
)

// open returns the manager of a cgroup's directories, which need not exist, by
// its place. It reads those of systemd too, and only cannot change them so that
// they stay.
func open(place string) (cgroups.Manager, error) {
	// No device rules, and not SkipDevices: with it the module does not make
	// the directory in the devices hierarchy, and the delegate that makes it on
	// its way would race with the removal of the installation's.
	cg := &cgroups.Cgroup{Path: place, Resources: &cgroups.Resources{}}
	dir := directory(place)
	own := !filepath.IsAbs(dir) // below this process's own, as for the delegate
	if v2() {
		if own {
			return fs2.NewManager(cg, "")
		}
		return fs2.NewManager(cg, filepath.Join(fs2.UnifiedMountpoint, dir))
	}
	if own {
		return fs.NewManager(cg, nil)
	}
	mounts, err := hierarchies()
	if err != nil {
		return nil, err
	}
	paths := make(map[string]string, len(mounts))
	for controller, mount := range mounts {
		paths[controller] = filepath.Join(mount, dir)
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

// whole reports whether a cgroup is there in every hierarchy.
func whole(m cgroups.Manager) bool {
	for _, path := range m.GetPaths() {
		if !cgroups.PathExists(path) {
			return false
		}
	}
	return true
}

// nests makes sure that the memory limit of a cgroup binds those below it: on
// cgroup v1 before Linux 5.11 it does so only if somebody (systemd) asked for it.
func nests(m cgroups.Manager) error {
	path := m.Path("memory")
	if v2() || path == "" {
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

// has reports whether the kernel has a file in a cgroup.
func has(m cgroups.Manager, file string) bool {
	dir := m.Path(controllerOf(file))
	return dir != "" && cgroups.PathExists(filepath.Join(dir, file))
}

// controllerOf is the controller whose file this is: "memory" of "memory.max".
func controllerOf(file string) string {
	controller, _, _ := strings.Cut(file, ".")
	return controller
}
