package cgroup

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/fs2"
)

// Controllers says what kind of cgroups this node has ("v1", "hybrid" or "v2"),
// with which controllers a limit can be set, and whether memory and swap can be
// limited together. Where it cannot find out there are none: every limit is
// then refused.
func Controllers() (mode string, controllers []string, swap bool) {
	if cgroups.IsCgroup2UnifiedMode() {
		data, err := cgroups.ReadFile(fs2.UnifiedMountpoint, "cgroup.controllers")
		if err != nil {
			return "v2", nil, false
		}
		return "v2", strings.Fields(data), swapLimitV2()
	}
	mode = "v1"
	if cgroups.IsCgroup2HybridMode() {
		mode = "hybrid"
	}
	mounts, err := hierarchies()
	if err != nil {
		return mode, nil, false
	}
	// The unified mount of a hybrid node ("") and named hierarchies limit nothing.
	controllers = slices.DeleteFunc(slices.Sorted(maps.Keys(mounts)), func(name string) bool {
		return name == "" || strings.HasPrefix(name, cgroups.CgroupNamePrefix)
	})
	return mode, controllers, swapLimit()
}

// swapLimit reports whether the kernel of a cgroup v1 node can limit memory and
// swap together.
func swapLimit() bool {
	mounts, err := hierarchies()
	return err == nil && cgroups.PathExists(filepath.Join(mounts["memory"], memsw))
}

// swapLimitV2 reports whether the kernel accounts for swap by cgroup. The root
// has no files of limits, so it is asked of the first cgroup that has some.
func swapLimitV2() bool {
	entries, _ := os.ReadDir(fs2.UnifiedMountpoint) // without any it cannot be asked
	for _, e := range entries {
		dir := filepath.Join(fs2.UnifiedMountpoint, e.Name())
		if e.IsDir() && cgroups.PathExists(filepath.Join(dir, "memory.max")) {
			return cgroups.PathExists(filepath.Join(dir, "memory.swap.max"))
		}
	}
	return true
}
