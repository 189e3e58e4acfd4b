package spec

import (
	"math"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// The highest rate is what every kernel reads as no limit.
func TestThrottleThatIsNoLongerWantedIsLifted(t *testing.T) {
	had := new(specs.LinuxBlockIO)
	for _, list := range throttles(had) {
		*list = []specs.LinuxThrottleDevice{throttleOf(0, 10), throttleOf(16, 10)}
	}
	wanted := &specs.LinuxBlockIO{ThrottleReadBpsDevice: []specs.LinuxThrottleDevice{throttleOf(16, 5)}}
	got, err := Lift(&specs.LinuxResources{BlockIO: had}, &specs.LinuxResources{BlockIO: wanted})
	if err != nil {
		t.Fatal(err)
	}
	for i, list := range throttles(got.BlockIO) {
		rates := map[int64]uint64{}
		for _, l := range *list {
			rates[l.Minor] = l.Rate
		}
		kept := uint64(math.MaxUint64)
		if i == 0 {
			kept = 5
		}
		if len(rates) != 2 || rates[0] != math.MaxUint64 || rates[16] != kept {
			t.Errorf("list %d is %v, want no limit of 8:0 and %d of 8:16", i, rates, kept)
		}
	}
	if len(wanted.ThrottleWriteBpsDevice) > 0 {
		t.Error("what was wanted changed")
	}
}

func TestLiftOfNoThrottleAddsNone(t *testing.T) {
	got, err := Lift(&specs.LinuxResources{BlockIO: new(specs.LinuxBlockIO)}, new(specs.LinuxResources))
	if err != nil || got.BlockIO != nil {
		t.Errorf("%+v, %v", got.BlockIO, err)
	}
	had := &specs.LinuxResources{BlockIO: &specs.LinuxBlockIO{ThrottleReadIOPSDevice: []specs.LinuxThrottleDevice{throttleOf(0, 1)}}}
	if got, err = Lift(had, new(specs.LinuxResources)); err != nil || got.BlockIO == nil {
		t.Errorf("with one to lift: %+v, %v", got.BlockIO, err)
	}
}

func throttleOf(minor int64, rate uint64) specs.LinuxThrottleDevice {
	return specs.LinuxThrottleDevice{LinuxBlockIODevice: specs.LinuxBlockIODevice{Major: 8, Minor: minor}, Rate: rate}
}
