package isolator

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

/*
timeoffsets: the clocks of a time namespace.

Owns     linux.timeOffsets
Rule     Of the clocks monotonic and boottime, only with a new time namespace,
         and at most as far as the kernel lets a clock go.
Because  The offsets of a namespace are those of all in it. A delegate writes the
         name of a clock as it is into a file of lines. What the kernel refuses
         fails when half of the container stands.
Escape   none.
*/

var _ = register(Isolator{
	Name:    "timeoffsets",
	Owns:    []string{"/spec/linux/timeOffsets"},
	Reason:  "needs a time namespace of its own",
	Leq:     timeOffsetsLeq,
	Rewrite: func(c *Case, r *Request) error { return ownClocks(c.Asked, valueOf(r.Spec.Linux).TimeOffsets) },
	Holds:   func(_ *Case, r *Request) error { return ownClocks(r, valueOf(r.Spec.Linux).TimeOffsets) },
})

// farthestOffset is the kernel's bound of an offset, in seconds: 146 years.
// Source: kernel/time/namespace.c, proc_timens_set_offset (KTIME_SEC_MAX / 2).
const farthestOffset = (1<<63 - 1) / 1_000_000_000 / 2

func ownClocks(in *Request, offsets map[string]specs.LinuxTimeOffset) error {
	if len(offsets) == 0 {
		return nil
	}
	var errs []error
	deny := func(path, got, want string) {
		errs = append(errs, &Denial{"timeoffsets", path, got, want, Nothing})
	}
	if ns := findNamespace(in, specs.TimeNamespace); ns == nil || ns.Path != "" {
		deny("linux.timeOffsets", "set", "none without a new time namespace")
	}
	for _, clock := range slices.Sorted(maps.Keys(offsets)) {
		path, o := fmt.Sprintf("linux.timeOffsets[%q]", clock), offsets[clock]
		switch {
		case clock != "monotonic" && clock != "boottime":
			deny(path, "set", "an offset of monotonic or boottime")
		case o.Secs > farthestOffset || o.Secs < -farthestOffset || o.Nanosecs >= 1_000_000_000:
			deny(path, fmt.Sprintf("%d s and %d ns", o.Secs, o.Nanosecs), fmt.Sprintf("at most %d s either way, and less than a second in ns", farthestOffset))
		}
	}
	return errors.Join(errs...)
}

// timeOffsetsLeq: none that the other does not set to the same.
func timeOffsetsLeq(a, b *Request) bool {
	y := valueOf(b.Spec.Linux).TimeOffsets
	for clock, o := range valueOf(a.Spec.Linux).TimeOffsets {
		if other, ok := y[clock]; !ok || other != o {
			return false
		}
	}
	return true
}
