package main

import (
	"flag"
	"fmt"
	"strconv"

	"github.com/docker/go-units"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// resources are those that flags of `update` name.
type resources struct {
	memory  specs.LinuxMemory
	cpu     specs.LinuxCPU
	blockIO specs.LinuxBlockIO
	pids    specs.LinuxPids
}

func (r *resources) declare(f *flag.FlagSet) {
	f.StringVar(&r.cpu.Cpus, "cpuset-cpus", "", "")
	f.StringVar(&r.cpu.Mems, "cpuset-mems", "", "")
	for name, to := range map[string]**uint64{
		"cpu-share": &r.cpu.Shares, "cpu-period": &r.cpu.Period, "cpu-burst": &r.cpu.Burst, "cpu-rt-period": &r.cpu.RealtimePeriod,
	} {
		f.Func(name, "", func(s string) error {
			n, err := strconv.ParseUint(s, 10, 64)
			*to = &n
			return err
		})
	}
	for name, to := range map[string]**int64{
		"cpu-quota": &r.cpu.Quota, "cpu-rt-runtime": &r.cpu.RealtimeRuntime, "cpu-idle": &r.cpu.Idle, "pids-limit": &r.pids.Limit,
	} {
		f.Func(name, "", func(s string) error {
			n, err := strconv.ParseInt(s, 10, 64)
			*to = &n
			return err
		})
	}
	for name, to := range map[string]**int64{
		"memory": &r.memory.Limit, "memory-swap": &r.memory.Swap, "memory-reservation": &r.memory.Reservation,
	} {
		f.Func(name, "", func(s string) error {
			n, err := bytes(s)
			*to = &n
			return err
		})
	}
	f.Func("blkio-weight", "", func(s string) error {
		n, err := strconv.ParseUint(s, 10, 16)
		weight := uint16(n)
		r.blockIO.Weight = &weight
		return err
	})
	for _, name := range []string{"l3-cache-schema", "mem-bw-schema", "kernel-memory", "kernel-memory-tcp"} {
		f.Func(name, "", func(string) error { return fmt.Errorf("refused: nothing allows --%s", name) })
	}
}

// bytes reads an amount of memory, "-1" for no limit.
func bytes(s string) (int64, error) {
	if s == "-1" {
		return -1, nil
	}
	return units.RAMInBytes(s)
}

// asked leaves out what no flag names.
func (r *resources) asked() *specs.LinuxResources {
	asked := new(specs.LinuxResources)
	if r.memory != (specs.LinuxMemory{}) {
		asked.Memory = &r.memory
	}
	if r.cpu != (specs.LinuxCPU{}) {
		asked.CPU = &r.cpu
	}
	if r.blockIO.Weight != nil {
		asked.BlockIO = &r.blockIO
	}
	if r.pids.Limit != nil {
		asked.Pids = &r.pids
	}
	return asked
}
