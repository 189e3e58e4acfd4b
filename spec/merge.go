package spec

import (
	"math"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Merge returns the resources that a container has once an update is applied,
// by runc's rules (1.5.2, update.go): a field that the update names replaces
// the recorded one, a number that is 0 names nothing, and a quota and its
// period may come apart.
func Merge(recorded, update *specs.LinuxResources) (*specs.LinuxResources, error) {
	merged, named := new(specs.LinuxResources), new(specs.LinuxResources)
	if recorded != nil {
		if err := clone(recorded, merged); err != nil {
			return nil, err
		}
	}
	if err := clone(update, named); err != nil {
		return nil, err
	}
	dropUnset(named)
	followLimit(merged.Memory, named.Memory)
	// A list replaces the recorded one whole. Decoding onto an old list would
	// mix the fields of old and new elements.
	if named.HugepageLimits != nil {
		named.HugepageLimits = append(otherSizes(merged.HugepageLimits, named.HugepageLimits), named.HugepageLimits...)
		merged.HugepageLimits = nil
	}
	if named.Devices != nil {
		merged.Devices = nil
	}
	mergeBlockIO(merged.BlockIO, named.BlockIO)
	// Decoding onto the recorded value keeps every field and map key that the
	// update does not have, at every depth.
	if err := clone(named, merged); err != nil {
		return nil, err
	}
	return merged, nil
}

// dropUnset removes the numbers that say "as it is" by being 0.
func dropUnset(r *specs.LinuxResources) {
	if c := r.CPU; c != nil {
		unset(&c.Quota)
		unset(&c.Period)
		unset(&c.Shares)
		unset(&c.RealtimeRuntime)
		unset(&c.RealtimePeriod)
	}
	if m := r.Memory; m != nil {
		unset(&m.Limit)
		unset(&m.Swap)
		unset(&m.Reservation)
	}
	if b := r.BlockIO; b != nil {
		unset(&b.Weight)
		unset(&b.LeafWeight)
	}
}

func unset[T int64 | uint64 | uint16](field **T) {
	if *field != nil && **field == 0 {
		*field = nil
	}
}

// followLimit lets the swap of an update that names a memory limit alone move
// with it. The spec's swap is the sum of both: it was most likely written by
// Bulkhead, and would else hold every later limit down.
func followLimit(recorded, update *specs.LinuxMemory) {
	if recorded == nil || update == nil || update.Limit == nil || update.Swap != nil ||
		recorded.Limit == nil || recorded.Swap == nil {
		return
	}
	sum := *recorded.Swap
	switch {
	case *update.Limit < 0:
		sum = -1 // no limit of memory is none of both; runc 1.5.2, setMemoryAndSwap
	case *recorded.Limit > 0 && sum >= *recorded.Limit:
		sum = *update.Limit + min(sum-*recorded.Limit, math.MaxInt64-*update.Limit)
	}
	update.Swap = &sum
}

// otherSizes returns the recorded limits of sizes that the update does not name.
func otherSizes(recorded, update []specs.LinuxHugepageLimit) []specs.LinuxHugepageLimit {
	return slices.DeleteFunc(recorded, func(l specs.LinuxHugepageLimit) bool {
		return slices.ContainsFunc(update, func(u specs.LinuxHugepageLimit) bool { return u.Pagesize == l.Pagesize })
	})
}
