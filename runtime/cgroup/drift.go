package cgroup

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/runtime/lock"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Drift is a value of a cgroup that is not what it shall be.
type Drift struct {
	File string // "memory.max"; with a device where the file has a line for each
	Got  string
	Want string
	Key  string // of the policy; empty: the container's own
}

// missing is what a file has that is not there.
const missing = "not there"

// Missing reports whether there is no such file: nothing can be written to it.
func (d Drift) Missing() bool { return d.Got == missing }

// Drift compares what a tenant's cgroup has with what its policy wants. The
// error is fs.ErrNotExist when there is no such cgroup.
//
// Preconditions: the tenant's lock is held.
func (t *Tree) Drift(of *Tenant) ([]Drift, error) {
	place, err := t.Place(of.Policy)
	if err != nil {
		return nil, err
	}
	settings, err := t.wanted(of)
	if err != nil {
		return nil, err
	}
	return driftAt(place, settings)
}

// BaseDrift does the same with the installation's own cgroup.
func (t *Tree) BaseDrift(node *tenant.Node) (all []Drift, err error) {
	err = lock.Held(t.baseLock(), func() error {
		all, err = driftAt(t.base(), baseWanted(node))
		return err
	})
	return all, err
}

func driftAt(place string, settings []setting) ([]Drift, error) {
	m, err := open(place)
	if err != nil {
		return nil, err
	}
	if !exists(m) {
		return nil, fmt.Errorf("cgroup %s: %w", place, fs.ErrNotExist)
	}
	var all []Drift
	there := slices.DeleteFunc(settings, func(s setting) bool {
		file, _, _ := strings.Cut(s.file, " ")
		absent := s.key != "" && !has(m, file)
		if absent {
			all = append(all, Drift{s.file, missing, s.value, s.key})
		}
		return absent
	})
	want, err := possible(m, there)
	if err != nil {
		return nil, err
	}
	if err := freeDevices(m, want); err != nil {
		return nil, err
	}
	got, err := current(m, want)
	if err != nil {
		return nil, err
	}
	for _, file := range slices.Sorted(maps.Keys(want)) {
		if got[file] != want[file] {
			all = append(all, Drift{file, got[file], want[file], keyOf(file)})
		}
	}
	return all, nil
}

// keyOf is the key of a tenant that decides what a file of its cgroup has.
func keyOf(of string) string {
	file, _, _ := strings.Cut(of, " ")
	switch file {
	case "cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us":
		return "limits.cpu"
	case "memory.max", "memory.high", memoryV1:
		return "limits.memory"
	case memsw:
		return "limits.memory and limits.swap"
	case "memory.swap.max":
		return "limits.swap"
	case "memory.min":
		return "requests.memory"
	case "memory.low", "memory.soft_limit_in_bytes", "cpu.idle":
		return "priority"
	case "cpu.shares", "cpu.weight", "io.weight", "io.bfq.weight", "blkio.bfq.weight":
		return "weight"
	case "cpuset.cpus":
		return "cpus"
	case "pids.max":
		return "limits.pids"
	case "io.max":
		return "limits.blockIO"
	}
	if strings.HasPrefix(file, "hugetlb.") {
		return "limits.hugepages"
	}
	return ""
}
