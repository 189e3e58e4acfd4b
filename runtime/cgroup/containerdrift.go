package cgroup

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opencontainers/cgroups"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// ContainerDrift compares what a container's cgroup has with the limits that it
// shall have, and what is recorded of it with the same.
func ContainerDrift(path string, recorded, want *specs.LinuxResources) ([]Drift, error) {
	m, err := open(path)
	if err != nil {
		return nil, err
	}
	if !exists(m) {
		return []Drift{{File: "its cgroup", Got: missing, Want: path}}, nil
	}
	shall, noted := bounds(m, want), bounds(m, recorded)
	got, err := held(m, shall)
	if err != nil {
		return nil, err
	}
	var all []Drift
	for _, file := range slices.Sorted(maps.Keys(shall)) {
		switch was, known := noted[file]; {
		case got[file] != shall[file]:
			all = append(all, Drift{File: file, Got: got[file], Want: shall[file]})
		case known && was != shall[file]:
			all = append(all, Drift{File: "the record of " + file, Got: was, Want: shall[file]})
		}
	}
	return all, nil
}

// Below reports whether a container's cgroup, named as in linux.cgroupsPath, is
// below a tenant's place.
func Below(place, path string) bool {
	return strings.HasPrefix(directory(path), directory(place)+"/")
}

// Strayed compares where a process is with where its container's cgroup is, in
// each hierarchy that limits. A container may have cgroups of its own below it.
func Strayed(path string, pid int) ([]Drift, error) {
	m, err := open(path)
	if err != nil {
		return nil, err
	}
	is, err := cgroups.ParseCgroupFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return nil, err
	}
	all, err := mounts()
	if err != nil {
		return nil, err
	}
	controllers := []string{""}
	if !v2() {
		_, controllers, _ = Controllers()
	}
	astray := map[Drift][]string{}
	for _, controller := range controllers {
		got, want := is[controller], inHierarchy(m.Path(controller), all)
		if got != want && !strings.HasPrefix(got, want+"/") {
			d := Drift{Got: got, Want: want}
			astray[d] = append(astray[d], controller)
		}
	}
	var found []Drift
	for d, of := range astray {
		d.File = fmt.Sprintf("the cgroup of process %d", pid)
		if !v2() {
			d.File = fmt.Sprintf("the %s cgroup of process %d", strings.Join(of, ","), pid)
		}
		found = append(found, d)
	}
	slices.SortFunc(found, func(a, b Drift) int { return strings.Compare(a.File, b.File) })
	return found, nil
}

// inHierarchy is a cgroup's directory as /proc/<pid>/cgroup has it: below the
// hierarchy's root, of which a node that is itself a container sees a part.
func inHierarchy(dir string, all []Mount) string {
	var of Mount
	for _, m := range all {
		within := dir == m.Point || strings.HasPrefix(dir, m.Point+"/")
		if within && strings.HasPrefix(m.Type, "cgroup") && len(m.Point) >= len(of.Point) {
			of = m
		}
	}
	return filepath.Join(of.Root, strings.TrimPrefix(dir, of.Point))
}
