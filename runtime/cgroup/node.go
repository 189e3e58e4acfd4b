package cgroup

import (
	"maps"
	"slices"
	"strings"

	"github.com/opencontainers/cgroups"
)

// Controllers says what kind of cgroups this node has ("v1", "hybrid" or "v2"),
// with which controllers a limit can be set, and whether memory and swap can be
// limited together. Where it cannot find out there are none: every limit is
// then refused.
func Controllers() (mode string, controllers []string, swap bool) {
	if cgroups.IsCgroup2UnifiedMode() {
		controllers, _ := cgroups.GetAllSubsystems()
		return "v2", controllers, false
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
