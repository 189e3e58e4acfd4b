package spec

import (
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

func TestLimitThatIsNoLongerWantedIsLiftedInWords(t *testing.T) {
	had := &specs.LinuxResources{
		CPU:    &specs.LinuxCPU{Quota: new(int64(50000)), Period: new(uint64(100000)), Burst: new(uint64(10000))},
		Memory: &specs.LinuxMemory{Limit: new(int64(1 << 30)), Swap: new(int64(1 << 30)), Reservation: new(int64(1 << 20))},
		Pids:   &specs.LinuxPids{Limit: new(int64(64))},
	}
	got, err := Lift(had, new(specs.LinuxResources))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]*int64{
		"quota": got.CPU.Quota, "memory": got.Memory.Limit, "swap": got.Memory.Swap, "reservation": got.Memory.Reservation, "pids": got.Pids.Limit,
	} {
		if v == nil || *v != -1 {
			t.Errorf("%s is %v, want -1: absent means unchanged", name, v)
		}
	}
	if *got.CPU.Period != 100000 || *got.CPU.Burst != 0 {
		t.Errorf("period %d, burst %d", *got.CPU.Period, *got.CPU.Burst)
	}
}

func TestLiftTouchesNothingThatIsWanted(t *testing.T) {
	wanted := &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: new(int64(5))}}
	got, err := Lift(&specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: new(int64(9))}}, wanted)
	if err != nil || *got.Memory.Limit != 5 || got.CPU != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = Lift(nil, wanted); err != nil || *got.Memory.Limit != 5 {
		t.Errorf("with nothing recorded: %+v, %v", got, err)
	}
}
