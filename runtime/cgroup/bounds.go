package cgroup

import (
	"fmt"
	"maps"
	"math"
	"strconv"
	"strings"

	"github.com/opencontainers/cgroups"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/cpulist"
)

// ContainerHolds reports whether a container's cgroup, named as in
// linux.cgroupsPath, has the limits of its resources: of CPU time, memory, swap,
// tasks and block devices, and its CPUs. What the resources do not say it may
// have as it likes.
func ContainerHolds(path string, r *specs.LinuxResources) (bool, error) {
	m, err := open(path)
	if err != nil {
		return false, err
	}
	want := bounds(m, r)
	got, err := held(m, want)
	return maps.Equal(got, want), err
}

// RestoreContainer writes all of these limits to the container's cgroup, after
// somebody else has changed it.
func RestoreContainer(path string, r *specs.LinuxResources) error {
	if err := SetContainer(path, nil, r); err != nil {
		return err
	}
	m, err := open(path)
	if err != nil {
		return err
	}
	rest := &cgroups.Resources{SkipDevices: true}
	if r.CPU != nil {
		rest.CpusetCpus = r.CPU.Cpus
	}
	for i, to := range []*[]*cgroups.ThrottleDevice{
		&rest.BlkioThrottleReadBpsDevice, &rest.BlkioThrottleWriteBpsDevice,
		&rest.BlkioThrottleReadIOPSDevice, &rest.BlkioThrottleWriteIOPSDevice,
	} {
		for _, l := range throttlesOf(r)[i] {
			*to = append(*to, cgroups.NewThrottleDevice(l.Major, l.Minor, l.Rate))
		}
	}
	if err := m.Set(rest); err != nil {
		return fmt.Errorf("set the limits of %s: %w", path, err)
	}
	return nil
}

// bounds are what a delegate makes of resources, by file as in a setting.
func bounds(m cgroups.Manager, r *specs.LinuxResources) values {
	v := values{}
	if r == nil {
		return v
	}
	if v2() {
		boundsV2(v, r)
	} else {
		boundsV1(v, r)
	}
	if r.Pids != nil && r.Pids.Limit != nil {
		v["pids.max"] = countOrNone(*r.Pids.Limit)
	}
	if r.CPU != nil && r.CPU.Cpus != "" {
		if cpus, ok := cpulist.From(r.CPU.Cpus); ok {
			v["cpuset.cpus"] = cpus.String()
		}
	}
	if v2() {
		overrideBounds(v, r.Unified)
	}
	for _, swap := range []string{memsw, "memory.swap.max"} {
		if !has(m, swap) { // nobody accounts for it
			delete(v, swap)
		}
	}
	return v
}

func boundsV1(v values, r *specs.LinuxResources) {
	if quota, period := bandwidthOf(r.CPU); quota != 0 {
		v["cpu.cfs_quota_us"], v["cpu.cfs_period_us"] = countOrNone(quota), strconv.FormatUint(period, 10)
	}
	switch memory, swap := memoryOf(r.Memory); {
	case memory == 0:
	case memory < 0 && swap == 0: // both are meant
		v[memoryV1], v[memsw] = none, none
	default:
		v[memoryV1] = bytesOrNone(memory)
		if swap != 0 {
			v[memsw] = bytesOrNone(swap)
		}
	}
	for i, list := range throttlesOf(r) {
		for _, l := range list {
			v[throttleFiles[i].v1+fmt.Sprintf(" %d:%d", l.Major, l.Minor)] = rateOrNone(l.Rate, i)
		}
	}
}

func boundsV2(v values, r *specs.LinuxResources) {
	if quota, period := bandwidthOf(r.CPU); quota != 0 {
		v["cpu.max"] = countOrNone(quota) + " " + strconv.FormatUint(period, 10)
	}
	if memory, swap := memoryOf(r.Memory); memory != 0 {
		v["memory.max"] = bytesOrNone(memory)
		alone, err := cgroups.ConvertMemorySwapToCgroupV2Value(swap, memory)
		switch {
		case err != nil: // refused by the delegate
		case alone < 0:
			v["memory.swap.max"] = none
		case alone > 0 || swap > 0:
			v["memory.swap.max"] = strconv.FormatInt(wholeOrNone(alone), 10)
		}
	}
	rates := map[string]*[4]string{} // by device
	for i, list := range throttlesOf(r) {
		for _, l := range list {
			device := fmt.Sprintf("%d:%d", l.Major, l.Minor)
			if rates[device] == nil {
				rates[device] = &[4]string{none, none, none, none}
			}
			rates[device][i] = rateOrNone(l.Rate, i)
		}
	}
	for device, rate := range rates {
		v["io.max "+device] = fmt.Sprintf("rbps=%s wbps=%s riops=%s wiops=%s", rate[0], rate[1], rate[2], rate[3])
	}
}

// overrideBounds: the files that a container names itself are written last.
func overrideBounds(v values, unified map[string]string) {
	for file, value := range unified {
		switch file {
		case "memory.max", "memory.high", "memory.swap.max":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				value = strconv.FormatInt(wholeOrNone(n), 10)
			}
			v[file] = value
		case "pids.max":
			v[file] = value
		case "cpu.max":
			if v[file] = value; !strings.Contains(value, " ") {
				delete(v, file) // in whatever period it has
			}
		case "io.max":
			maps.DeleteFunc(v, func(of, _ string) bool { return strings.HasPrefix(of, file+" ") })
		}
	}
}

// held reads what a cgroup has of these.
func held(m cgroups.Manager, of values) (values, error) {
	got := values{}
	for key := range of {
		file, device, _ := strings.Cut(key, " ")
		if !has(m, file) {
			got[key] = missing
			continue
		}
		one, err := current(m, values{key: ""})
		if err != nil {
			return nil, err
		}
		if got[key] = one[key]; device != "" && file != "io.max" && strings.Contains(got[key], "=") {
			got[key] = none // the device has no line
		}
	}
	return got, nil
}

// throttleFiles are in the order of throttlesOf.
var throttleFiles = [4]struct {
	v1  string
	top uint64 // no limit: the kernel counts no further (block/blk-throttle.c)
}{
	{"blkio.throttle.read_bps_device", math.MaxUint64},
	{"blkio.throttle.write_bps_device", math.MaxUint64},
	{"blkio.throttle.read_iops_device", math.MaxUint32},
	{"blkio.throttle.write_iops_device", math.MaxUint32},
}

func throttlesOf(r *specs.LinuxResources) (all [4][]specs.LinuxThrottleDevice) {
	if b := r.BlockIO; b != nil {
		all = [4][]specs.LinuxThrottleDevice{b.ThrottleReadBpsDevice, b.ThrottleWriteBpsDevice, b.ThrottleReadIOPSDevice, b.ThrottleWriteIOPSDevice}
	}
	return all
}

func rateOrNone(rate uint64, kind int) string {
	if rate == 0 || rate >= throttleFiles[kind].top {
		return none
	}
	return strconv.FormatUint(rate, 10)
}

func countOrNone(n int64) string {
	if n < 0 {
		return none
	}
	return strconv.FormatInt(n, 10)
}

func bytesOrNone(n int64) string {
	if n < 0 || n >= 1<<63-1<<16 {
		return none
	}
	return strconv.FormatInt(wholePages(n), 10)
}
