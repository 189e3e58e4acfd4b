package cgroup

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/cgroups"
)

// write gives a cgroup those of its settings that changed.
func (t *Tree) write(place string, m cgroups.Manager, before, to values) error {
	changed := to.changed(before)
	if len(changed) == 0 {
		return nil
	}
	resources := func(v values) *cgroups.Resources { return resourcesV1(v, to) }
	weight := "cpu.shares"
	if v2() {
		resources, weight = resourcesV2, "cpu.weight"
	}
	if changed["cpu.idle"] == "0" { // or its weight could not be written
		if err := m.Set(resources(values{"cpu.idle": "0"})); err != nil {
			return err
		}
		delete(changed, "cpu.idle")
		changed[weight] = to[weight] // which was that of an idle group
	}
	if to["cpu.idle"] == "1" {
		delete(changed, weight) // of an idle group it cannot be
	}
	r := resources(changed)
	if !strings.HasSuffix(place, sliceSuffix) {
		return m.Set(r)
	}
	ioWeight, _ := strconv.ParseUint(changed["io.weight"], 10, 64) // absent: 0, as it is
	return t.slices(SliceOrder{Slice: place, Resources: r, IOWeight: ioWeight})
}

// resourcesV2 passes the settings on as files, which the module knows to turn
// into properties of a slice.
func resourcesV2(changed values) *cgroups.Resources {
	unified := map[string]string{}
	for _, of := range slices.Sorted(maps.Keys(changed)) {
		file, device, perDevice := strings.Cut(of, " ")
		if !perDevice {
			unified[file] = changed[of]
			continue
		}
		if unified[file] != "" {
			unified[file] += "\n"
		}
		unified[file] += device + " " + changed[of]
	}
	return &cgroups.Resources{SkipDevices: true, Unified: unified}
}

// resourcesV1 names the settings by the module's fields. Quota and period go
// together, and so do memory and memory with swap: the module orders the writes.
func resourcesV1(changed, to values) *cgroups.Resources {
	r := &cgroups.Resources{SkipDevices: true}
	for of, value := range changed {
		n := changed.number(of)
		switch of {
		case "cpu.shares":
			r.CpuShares = uint64(n)
		case "cpu.idle":
			r.CPUIdle = &n
		case "cpu.cfs_quota_us", "cpu.cfs_period_us":
			r.CpuQuota, r.CpuPeriod = to.number("cpu.cfs_quota_us"), uint64(to.number("cpu.cfs_period_us"))
		case memoryV1, memsw:
			r.Memory = to.number(memoryV1)
			if _, accounted := to[memsw]; accounted {
				r.MemorySwap = to.number(memsw)
			}
		case "memory.soft_limit_in_bytes":
			r.MemoryReservation = n
		case "pids.max":
			r.PidsLimit = &n
		case "blkio.bfq.weight":
			r.BlkioWeight = uint16(n)
		case "cpuset.cpus":
			r.CpusetCpus = value
		}
		if size, ok := strings.CutPrefix(of, "hugetlb."); ok {
			l := &cgroups.HugepageLimit{Pagesize: strings.TrimSuffix(size, ".limit_in_bytes"), Limit: 1<<63 - 1}
			if n != unlimited {
				l.Limit = uint64(n)
			}
			r.HugetlbLimit = append(r.HugetlbLimit, l)
		}
	}
	return r
}
