package cgroup

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

var limitFiles = []string{
	"cpu/cpu.shares", "cpu/cpu.cfs_period_us", "cpu/cpu.cfs_quota_us",
	"memory/memory.limit_in_bytes", "memory/memory.memsw.limit_in_bytes", "pids/pids.max",
}

// acme is a tenant with limits, globex one with none but the defaults.
func acme() *tenant.Policy {
	return &tenant.Policy{Name: "acme", Weight: 250, Limits: tenant.Limits{
		CPUMilli: new(int64(1500)), MemoryBytes: new(int64(256 << 20)), SwapBytes: 64 << 20, Pids: 100,
	}}
}

func globex() *tenant.Policy {
	return &tenant.Policy{Name: "globex", Weight: 1, Limits: tenant.Limits{Pids: 4096}}
}

const noLimit = "9223372036854771712"

func TestEnsureSetsTheLimitsOfThePolicy(t *testing.T) {
	root := onV1(t)
	for _, c := range []struct {
		policy *tenant.Policy
		want   map[string]string
	}{
		{acme(), map[string]string{
			"cpu/cpu.shares": "2560", "cpu/cpu.cfs_period_us": "100000", "cpu/cpu.cfs_quota_us": "150000",
			"memory/memory.limit_in_bytes": "268435456", "memory/memory.memsw.limit_in_bytes": "335544320", "pids/pids.max": "100",
		}},
		{globex(), map[string]string{
			"cpu/cpu.shares": "10", "cpu/cpu.cfs_period_us": "100000", "cpu/cpu.cfs_quota_us": "-1",
			"memory/memory.limit_in_bytes": noLimit, "memory/memory.memsw.limit_in_bytes": noLimit, "pids/pids.max": "4096",
		}},
	} {
		m := ensured(t, root, c.policy)
		if diff := cmp.Diff(c.want, files(t, m, limitFiles...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.policy.Name, diff)
		}
	}
}

func TestEnsureAgainFollowsThePolicy(t *testing.T) {
	root := onV1(t)
	first := ensured(t, root, globex())
	want := files(t, first, limitFiles...)
	limited := acme()
	limited.Name = "globex"
	changed := files(t, ensured(t, root, limited), limitFiles...)
	if cmp.Equal(want, changed) {
		t.Fatal("the limits of the new policy are not set")
	}
	if diff := cmp.Diff(want, files(t, ensured(t, root, globex()), limitFiles...)); diff != "" {
		t.Errorf("limits that the policy lost (-want +got):\n%s", diff)
	}
}

func TestEnsureMakesTheCgroupInEveryHierarchy(t *testing.T) {
	root := onV1(t)
	ensured(t, root, acme())
	data, err := os.ReadFile("/proc/self/cgroup") // 8:pids:/path
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		controllers := strings.Split(line, ":")[1]
		folder := strings.TrimPrefix(strings.Split(controllers, ",")[0], "name=")
		if folder == "" {
			folder = "unified"
		}
		path := "/sys/fs/cgroup/" + folder + placeOf(root, "acme")
		if !cgroups.PathExists(path) {
			t.Errorf("%s is missing", path)
		}
	}
}

func TestEnsureLeavesNothingWhenItFails(t *testing.T) {
	root := installation(t)
	p := acme()
	p.Weight = 1 << 40 // above the kernel's most, which only the kernel says
	if err := ensure(root, p); err == nil {
		t.Error("shares above the kernel's most were accepted")
	}
	if left := residue(t, root); left != nil {
		t.Errorf("left: %v", left)
	}
}

func TestEnsureRefusesWhatTheNodeCannotHold(t *testing.T) {
	root := installation(t)
	if mounted := opened(t, "/").Path("hugetlb"); mounted != "" {
		t.Skip("needs a node without hugetlb on cgroup v1")
	}
	hugepages, cpu := acme(), acme()
	hugepages.Limits.Hugepages = map[string]int64{"2MB": 64 << 20}
	cpu.Limits.CPUMilli = new(int64(9))
	for want, p := range map[string]*tenant.Policy{
		"not supported on this node: limits.hugepages needs the hugetlb controller, which this node does not have": hugepages,
		"limits.cpu 9m of tenant acme is below 10m, the least that the kernel bounds":                              cpu,
	} {
		err := ensure(root, p)
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if err := New(root, nil).Check(&Tenant{Policy: p}); err == nil || err.Error() != want {
			t.Errorf("check: got %v, want %s", err, want)
		}
		if left := residue(t, root); left != nil {
			t.Errorf("left: %v", left)
		}
	}
}

func TestMemoryOfTheTenantBindsItsContainersTogether(t *testing.T) {
	root := installation(t)
	tight, wide := acme(), globex()
	tight.Limits.MemoryBytes, tight.Limits.SwapBytes = new(int64(80<<20)), 0
	for _, p := range []*tenant.Policy{tight, wide} {
		ensured(t, root, p)
		process(t, container(t, root, p.Name, "a", &cgroups.Resources{}), "hold", "24") // the smaller: the kernel kills the larger
		err := shell(t, container(t, root, p.Name, "b", &cgroups.Resources{}), "exec dd if=/dev/zero of=/dev/null bs=64M count=1")
		if bound := p == tight; bound != killed(err) {
			t.Errorf("%s: 24 MiB and 64 MiB in two containers: %v, want killed %v", p.Name, err, bound)
		}
	}
}

func killed(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
}

func TestPidsOfTheTenantBindItsContainersTogether(t *testing.T) {
	root := onV1(t)
	tight, wide := acme(), globex()
	for p, room := range map[*tenant.Policy]int64{tight: 5, wide: 50} {
		m := ensured(t, root, p)
		process(t, container(t, root, p.Name, "a", &cgroups.Resources{}), "hold", "1")
		_, inUse, ok, err := New(root, nil).Usage(p)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		p.Limits.Pids = inUse + room
		if err := applied(root, p, nil); err != nil {
			t.Fatal(err)
		}
		err = shell(t, container(t, root, p.Name, "b", &cgroups.Resources{}), "for i in 1 2 3 4 5 6 7 8 9; do cat <&0 >/dev/null & done")
		if bound := p == tight; bound != (err != nil) {
			t.Errorf("%s: ten processes beside %d, at most %s: %v", p.Name, inUse, files(t, m, "pids/pids.max"), err)
		}
	}
}

func TestCPUOfTheTenantBindsItsContainersTogether(t *testing.T) {
	root := installation(t)
	tight, wide := acme(), globex()
	tight.Limits.CPUMilli = new(int64(200))
	for _, p := range []*tenant.Policy{tight, wide} {
		m := ensured(t, root, p)
		for _, id := range []string{"a", "b"} {
			process(t, container(t, root, p.Name, id, &cgroups.Resources{}), "burn")
		}
		s, err := m.Stats(&cgroups.StatsOptions{Controllers: cgroups.CPU})
		if err != nil {
			t.Fatal(err)
		}
		if throttled := s.CpuStats.ThrottlingData.ThrottledPeriods > 0; throttled != (p == tight) {
			t.Errorf("%s: twice 100 ms of CPU, throttled: %v", p.Name, throttled)
		}
	}
}
