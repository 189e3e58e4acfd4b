package cgroup

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/cgroups"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

const mib = int64(1 << 20)

// full are resources with everything that is compared, for a disk of this node.
func full(t *testing.T) *specs.LinuxResources {
	t.Helper()
	r := &specs.LinuxResources{
		CPU:    &specs.LinuxCPU{Quota: new(int64(50_000)), Period: new(uint64(100_000)), Cpus: "0"},
		Memory: &specs.LinuxMemory{Limit: new(64*mib + 5), Swap: new(80 * mib)},
		Pids:   &specs.LinuxPids{Limit: new(int64(50))},
	}
	if disks, err := Disks(); err == nil && len(disks) > 0 {
		l := specs.LinuxThrottleDevice{Rate: 1 << 20}
		l.Major, l.Minor = int64(disks[0].Major), int64(disks[0].Minor)
		r.BlockIO = &specs.LinuxBlockIO{ThrottleReadBpsDevice: []specs.LinuxThrottleDevice{l}}
	}
	return r
}

func TestContainerHoldsUntilSomebodyElseWritesAndAgainOnceRestored(t *testing.T) {
	root, r := installation(t), full(t)
	ensured(t, root, acme())
	m := container(t, root, "acme", "a", &cgroups.Resources{})
	path := placeOf(root, "acme") + "/test.a.c"
	device := ""
	if r.BlockIO != nil {
		d := r.BlockIO.ThrottleReadBpsDevice[0]
		device = fmt.Sprintf("%d:%d", d.Major, d.Minor)
	}
	type change struct{ file, value string }
	changes := []change{
		{"pids.max", "max"},
		{byVersion("cpu.cfs_quota_us", "cpu.max"), byVersion("60000", "60000 100000")},
		{byVersion(memoryV1, "memory.max"), byVersion("33554432", "max")},
	}
	if device != "" {
		changes = append(changes, change{byVersion("blkio.throttle.read_bps_device", "io.max"), device + byVersion(" 0", " rbps=max")})
	}
	for _, c := range changes {
		if err := RestoreContainer(path, r); err != nil {
			t.Fatal(err)
		}
		if holds, err := ContainerHolds(path, r); err != nil || !holds {
			drift, _ := ContainerDrift(path, r, r)
			t.Fatalf("restored: holds %v: %v: %v", holds, err, drift)
		}
		behind(t, m, c.file, c.value)
		if holds, err := ContainerHolds(path, r); err != nil || holds {
			t.Errorf("%s is %s: holds %v: %v", c.file, c.value, holds, err)
		}
		drift, err := ContainerDrift(path, r, r)
		if err != nil || len(drift) != 1 || !strings.HasPrefix(drift[0].File, c.file) {
			t.Errorf("%s is %s: %v, %v", c.file, c.value, drift, err)
		}
	}
}

// What resources do not say, or lift, no limit of the kernel's contradicts.
func TestContainerWithoutLimitsHolds(t *testing.T) {
	root := installation(t)
	ensured(t, root, globex())
	container(t, root, "globex", "a", &cgroups.Resources{})
	path := placeOf(root, "globex") + "/test.a.c"
	lifted := full(t)
	lifted.CPU.Quota, lifted.CPU.Cpus = new(int64(-1)), ""
	lifted.Memory.Limit, lifted.Memory.Swap = new(int64(-1)), nil
	lifted.Pids.Limit = new(int64(-1))
	if lifted.BlockIO != nil {
		lifted.BlockIO.ThrottleReadBpsDevice[0].Rate = 0
	}
	for name, r := range map[string]*specs.LinuxResources{"nil": nil, "empty": {}, "lifted": lifted} {
		if holds, err := ContainerHolds(path, r); err != nil || !holds {
			drift, _ := ContainerDrift(path, r, r)
			t.Errorf("%s: holds %v, %v: %v", name, holds, err, drift)
		}
	}
}

func TestContainerDriftComparesWithWhatShallBe(t *testing.T) {
	root := installation(t)
	ensured(t, root, acme())
	m := container(t, root, "acme", "a", &cgroups.Resources{PidsLimit: new(int64(40))})
	path := placeOf(root, "acme") + "/test.a.c"
	pids := func(n int64) *specs.LinuxResources { return &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: &n}} }
	for _, c := range []struct {
		recorded, want int64
		drift          []Drift
	}{
		{40, 40, nil},
		{40, 30, []Drift{{File: "pids.max", Got: "40", Want: "30"}}},
		{50, 40, []Drift{{File: "the record of pids.max", Got: "50", Want: "40"}}},
	} {
		got, err := ContainerDrift(path, pids(c.recorded), pids(c.want))
		if diff := cmp.Diff(c.drift, got); err != nil || diff != "" {
			t.Errorf("%+v: %v (-want +got):\n%s", c, err, diff)
		}
	}
	if err := m.Destroy(); err != nil {
		t.Fatal(err)
	}
	if got, err := ContainerDrift(path, pids(40), pids(40)); err != nil || len(got) != 1 || got[0].Got != missing {
		t.Errorf("without a cgroup: %v, %v", got, err)
	}
}

func TestOverridesOfAContainerCountOnV2(t *testing.T) {
	v := values{"memory.max": "1", "cpu.max": "1 100000", "pids.max": "1", "io.max 8:0": "rbps=1 wbps=max riops=max wiops=max"}
	overrideBounds(v, map[string]string{"memory.max": "8191", "cpu.max": "max", "pids.max": "9", "io.max": "8:0 rbps=2", "cpu.weight": "7"})
	want := values{"memory.max": strconv.FormatInt(wholePages(8191), 10), "pids.max": "9"}
	if diff := cmp.Diff(want, v); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStrayedProcess(t *testing.T) {
	root := installation(t)
	ensured(t, root, acme())
	m := container(t, root, "acme", "a", &cgroups.Resources{})
	path := placeOf(root, "acme") + "/test.a.c"
	cmd := exec.Command("/bin/sh", "-c", "read go; read forever")
	gate := joined(t, m, cmd)
	t.Cleanup(func() {
		gate.Close()
		cmd.Wait()
	})
	expect := func(when string, want int) {
		t.Helper()
		got, err := Strayed(path, cmd.Process.Pid)
		if err != nil || len(got) != want {
			t.Errorf("%s: %v, %v", when, got, err)
		}
	}
	move := func(dir string) {
		t.Helper()
		if err := cgroups.WriteCgroupProc(dir, cmd.Process.Pid); err != nil {
			t.Fatal(err)
		}
	}
	expect("in its cgroup", 0)
	own := filepath.Join(m.Path("pids"), "own")
	if err := os.Mkdir(own, 0o755); err != nil {
		t.Fatal(err)
	}
	move(own)
	expect("in a cgroup of its own below it", 0)
	move(opened(t, "/").Path("pids"))
	expect("in the root", 1)
	move(m.Path("pids"))
	expect("back", 0)
	if err := os.Remove(own); err != nil {
		t.Fatal(err)
	}
}

func TestBelowATenant(t *testing.T) {
	for _, c := range []struct {
		place, path string
		want        bool
	}{
		{"/bulkhead/acme.t", "/bulkhead/acme.t/moby.1.c", true},
		{"/bulkhead/acme.t", "/bulkhead/acme.total/moby.1.c", false},
		{"/bulkhead/acme.t", "/bulkhead/acme.t/../globex.t/moby.1.c", false},
		{"bulkhead-acme.slice", "bulkhead-acme.slice:moby:1", true},
		{"bulkhead-acme.slice", "bulkhead-globex.slice:moby:1", false},
	} {
		if got := Below(c.place, c.path); got != c.want {
			t.Errorf("%s below %s: %v", c.path, c.place, got)
		}
	}
}

func BenchmarkContainerHolds(b *testing.B) {
	r := &specs.LinuxResources{
		CPU:    &specs.LinuxCPU{Quota: new(int64(-1))},
		Memory: &specs.LinuxMemory{Limit: new(int64(-1))},
		Pids:   &specs.LinuxPids{Limit: new(int64(-1))},
	}
	for b.Loop() {
		if _, err := ContainerHolds("/", r); err != nil {
			b.Fatal(err)
		}
	}
}
