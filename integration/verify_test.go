package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// somebodyElse changes a file of the cgroup that is up levels above a
// container's, by its name on each version, and returns that name.
func (s *stage) somebodyElse(c *container, up int, file host.Setting, v1, v2 string) string {
	s.Helper()
	dir, err := host.CgroupDir(c.Pid(), file.Controller)
	s.must(err)
	for range up {
		dir = filepath.Dir(dir)
	}
	name, value := file.V1, v1
	if host.V2() {
		name, value = file.V2, v2
	}
	s.must(os.WriteFile(filepath.Join(dir, name), []byte(value), 0))
	return name
}

// verify expects an exit code and these parts of what is printed.
func (s *stage) verify(when string, code int, parts ...string) {
	s.Helper()
	res, err := s.node.Bulkhead(s.ctx, "verify")
	s.must(err)
	if res.Code != code {
		s.Errorf("%s: verify ended with %d, want %d:\n%s%s", when, res.Code, code, res.Stdout, res.Stderr)
	}
	for _, part := range parts {
		if !strings.Contains(res.Stdout, part) {
			s.Errorf("%s: verify said\n%s, want in it\n%s", when, res.Stdout, part)
		}
	}
}

func TestVerifyFindsWhatSomebodyElseChangedAndApplyMendsIt(t *testing.T) {
	quota := host.Setting{Controller: "cpu", V1: "cpu.cfs_quota_us", V2: "cpu.max"}
	weight := host.Setting{Controller: "cpu", V1: "cpu.shares", V2: "cpu.weight"}
	onEachEngine(t, bounded, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		s.start(s.sleeper("acme"))
		const holds = "1 tenant and 2 containers hold"
		s.verify("as it started", 0, holds)
		own, total := s.limitsOf(c, 0), s.limitsOf(c, 1)
		ofContainer := "container " + c.Namespace + "/" + c.ID + " of tenant acme: "
		for _, change := range []struct {
			up      int
			file    host.Setting
			v1, v2  string
			subject string
			key     string
		}{
			{0, host.PidsLimit, "max", "max", ofContainer, ""},
			{0, host.MemoryLimit, "50331648", "1073741824", ofContainer, ""},
			{0, quota, "15000", "90000 100000", ofContainer, ""},
			{1, host.PidsLimit, "max", "max", "tenant/acme: ", " (limits.pids)"},
			{1, host.MemoryLimit, "209715200", "max", "tenant/acme: ", " (limits.memory)"},
			{1, quota, "900000", "max 100000", "tenant/acme: ", " (limits.cpu)"},
			{1, weight, "77", "77", "tenant/acme: ", " (weight)"},
			{2, weight, "77", "77", "the installation's cgroup: ", " (weight)"},
		} {
			name := s.somebodyElse(c, change.up, change.file, change.v1, change.v2)
			when := name + ", " + strconv.Itoa(change.up) + " up"
			s.verify(when, 1, change.subject+name+" is ", change.key+"; mend with: bulkhead apply")
			s.apply(bounded)
			s.verify(when+", applied", 0, holds)
		}
		if got := s.limitsOf(c, 0); got != own {
			s.Errorf("the container's limits are %+v, want %+v as before", got, own)
		}
		if got := s.limitsOf(c, 1); got != total {
			s.Errorf("the tenant's limits are %+v, want %+v as before", got, total)
		}
	})
}

func TestVerifyFindsAProcessThatLeftItsCgroup(t *testing.T) {
	onEachEngine(t, bounded, func(s *stage) {
		two := s.sleeper("acme") // systemd ends a scope that nobody is in
		two.Args = []string{"sh", "-c", "sleep 600 & exec sleep 600"}
		c := s.start(two)
		s.must(node.Await(s.ctx, func() bool { return s.read(host.PidsUsed, c, 0) == 2 }))
		dir, err := host.CgroupDir(c.Pid(), "pids")
		s.must(err)
		move := func(dir string) {
			s.must(os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(c.Pid())), 0))
		}
		root := host.Hierarchies
		if !host.V2() {
			root = filepath.Join(host.Hierarchies, "pids")
		}
		move(root)
		s.verify("in the root", 1, "cgroup of process "+strconv.Itoa(c.Pid())+" is /, want /")
		move(dir)
		s.verify("back", 0, "1 tenant and 1 container hold")
	})
}

func TestDoctorReadsThisMachine(t *testing.T) {
	s := newStage(t, nodes[0])
	res, err := s.node.Bulkhead(s.ctx, "doctor")
	s.must(err)
	if res.Code > 1 || res.Stderr != "" {
		s.Errorf("doctor ended with %d: %s", res.Code, res.Stderr)
	}
	want := []string{"ok    cgroups: cgroup v1", "warn  requests.memory is not kept", "warn  limits.blockIO holds per container"}
	if host.V2() {
		want = []string{"ok    cgroups: cgroup v2", "ok    requests.memory: ", "ok    limits.blockIO: ", "ok    kill: at once", "ok    priority: "}
	}
	for _, line := range want {
		if !strings.Contains(res.Stdout, line) {
			s.Errorf("doctor said\n%s, want in it %q", res.Stdout, line)
		}
	}
	s.Logf("doctor said\n%s", res.Stdout)
}

// The mount is the whole machine's, so only a VM's is changed.
func TestDoctorSaysHowToHaveMemoryKeptForContainers(t *testing.T) {
	if os.Getenv("BULKHEAD_TEST_VM") == "" || !host.V2() {
		t.Skip("not in a VM with cgroup v2; run: make test-vm")
	}
	s := newStage(t, nodes[0])
	doctor := func() string {
		res, err := s.node.Bulkhead(s.ctx, "doctor")
		s.must(err)
		return res.Stdout
	}
	const kept = "ok    requests.memory: "
	if said := doctor(); !strings.Contains(said, kept) {
		t.Fatalf("as it booted doctor said\n%s", said)
	}
	remount := func(command string) {
		out, err := exec.CommandContext(s.ctx, "sh", "-c", command).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
	}
	remount("mount -o remount,nsdelegate cgroup2 /sys/fs/cgroup") // by its place alone it keeps its options
	said := doctor()
	const want = "mount -o remount,nsdelegate,memory_recursiveprot /sys/fs/cgroup"
	if !strings.Contains(said, "warn  requests.memory protects the tenant's cgroup and not its containers") || !strings.Contains(said, want) {
		t.Errorf("without memory_recursiveprot doctor said\n%s", said)
	}
	remount(want)
	if said := doctor(); !strings.Contains(said, kept) {
		t.Errorf("after %s doctor said\n%s", want, said)
	}
}
