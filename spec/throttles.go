package spec

import (
	"math"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// throttles are the lists of limits of block devices: bytes and operations a
// second, of reads and of writes.
func throttles(b *specs.LinuxBlockIO) []*[]specs.LinuxThrottleDevice {
	return []*[]specs.LinuxThrottleDevice{
		&b.ThrottleReadBpsDevice, &b.ThrottleWriteBpsDevice, &b.ThrottleReadIOPSDevice, &b.ThrottleWriteIOPSDevice,
	}
}

// mergeBlockIO moves to the update what is recorded of the devices that it does
// not name (runc 1.5.2, upsertThrottleDevice and upsertWeightDevice).
func mergeBlockIO(recorded, update *specs.LinuxBlockIO) {
	if recorded == nil || update == nil {
		return
	}
	old := throttles(recorded)
	for i, list := range throttles(update) {
		*list = append(otherDevices(*old[i], *list), *list...)
		*old[i] = nil
	}
	for _, w := range recorded.WeightDevice {
		i := slices.IndexFunc(update.WeightDevice, func(u specs.LinuxWeightDevice) bool { return u.LinuxBlockIODevice == w.LinuxBlockIODevice })
		if i < 0 {
			update.WeightDevice = append(update.WeightDevice, w)
			continue
		}
		named := &update.WeightDevice[i]
		if named.Weight == nil {
			named.Weight = w.Weight
		}
		if named.LeafWeight == nil {
			named.LeafWeight = w.LeafWeight
		}
	}
	recorded.WeightDevice = nil
}

// otherDevices returns the limits of devices that the update does not name.
func otherDevices(recorded, update []specs.LinuxThrottleDevice) []specs.LinuxThrottleDevice {
	return slices.DeleteFunc(recorded, func(l specs.LinuxThrottleDevice) bool { return limits(update, l) })
}

// limits reports whether a list has a limit of the same device.
func limits(list []specs.LinuxThrottleDevice, l specs.LinuxThrottleDevice) bool {
	return slices.ContainsFunc(list, func(o specs.LinuxThrottleDevice) bool { return o.LinuxBlockIODevice == l.LinuxBlockIODevice })
}

// liftThrottles writes the highest rate for a device that is no longer limited.
// It is no limit on every version: cgroup v2 refuses 0, and v1 keeps 32 bits of
// a number of operations (block/blk-throttle.c).
func liftThrottles(had, wanted *specs.LinuxResources) {
	if had.BlockIO == nil {
		return
	}
	b := new(specs.LinuxBlockIO)
	if wanted.BlockIO != nil {
		b = wanted.BlockIO
	}
	old, lifted := throttles(had.BlockIO), false
	for i, list := range throttles(b) {
		for _, l := range *old[i] {
			if !limits(*list, l) {
				l.Rate, lifted = math.MaxUint64, true
				*list = append(*list, l)
			}
		}
	}
	if lifted {
		wanted.BlockIO = b
	}
}
