package spec

import specs "github.com/opencontainers/runtime-spec/specs-go"

// Lift returns resources to hand to a delegate's update: those wanted, with "no
// limit" written out where there was one and none is wanted. To a delegate
// absent means unchanged (runc 1.5.2, update.go).
func Lift(had, wanted *specs.LinuxResources) (*specs.LinuxResources, error) {
	out := new(specs.LinuxResources)
	if err := clone(wanted, out); err != nil {
		return nil, err
	}
	if had == nil {
		return out, nil
	}
	if had.CPU != nil {
		if out.CPU == nil {
			out.CPU = new(specs.LinuxCPU)
		}
		if had.CPU.Quota != nil && out.CPU.Quota == nil {
			out.CPU.Quota, out.CPU.Period = new(int64(-1)), had.CPU.Period
		}
		if had.CPU.Burst != nil && out.CPU.Burst == nil {
			out.CPU.Burst = new(uint64(0))
		}
	}
	if had.Memory != nil {
		if out.Memory == nil {
			out.Memory = new(specs.LinuxMemory)
		}
		lift(had.Memory.Limit, &out.Memory.Limit)
		lift(had.Memory.Swap, &out.Memory.Swap)
		lift(had.Memory.Reservation, &out.Memory.Reservation)
	}
	if had.Pids != nil {
		if out.Pids == nil {
			out.Pids = new(specs.LinuxPids)
		}
		lift(had.Pids.Limit, &out.Pids.Limit)
	}
	liftThrottles(had, out)
	return out, nil
}

func lift(had *int64, wanted **int64) {
	if had != nil && *wanted == nil {
		*wanted = new(int64(-1))
	}
}
