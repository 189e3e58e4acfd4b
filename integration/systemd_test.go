package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// underSystemd skips a test where systemd is not the machine's init.
func underSystemd(t *testing.T) {
	t.Helper()
	if !host.Systemd() {
		t.Skip("needs systemd as PID 1: make test-vm")
	}
}

func (s *stage) reloadSystemd() {
	s.Helper()
	if out, err := exec.CommandContext(s.ctx, "systemctl", "daemon-reload").CombinedOutput(); err != nil {
		s.Fatalf("systemctl daemon-reload: %v\n%s", err, out)
	}
}

func TestLimitsSurviveAReloadOfSystemd(t *testing.T) {
	underSystemd(t)
	const mi = 1 << 20
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 256Mi, cpu: 1, pids: 300}"}}, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		s.apply(node.Policy{Tenants: map[string]string{"acme": `limits: {memory: 128Mi, cpu: 500m, pids: 200}
weight: 300
container: {max: {memory: 64Mi, cpu: 250m, pids: 100}}`}})
		s.reloadSystemd()
		if got, want := s.limitsOf(c, 1), (limits{128 * mi, 200, 500}); got != want {
			s.Errorf("the tenant's limits are %+v, want %+v", got, want)
		}
		if got, want := s.limitsOf(c, 0), (limits{64 * mi, 100, 250}); got != want {
			s.Errorf("the container's limits are %+v, want %+v", got, want)
		}
		if !host.V2() {
			s.ownDevices(c)
			return
		}
		// What is written beside systemd does not stay: the slice is systemd's own.
		dir, err := host.CgroupDir(c.Pid(), "memory")
		s.must(err)
		s.must(os.WriteFile(filepath.Join(filepath.Dir(dir), host.MemoryLimit.V2), []byte("100663296"), 0))
		s.setProperty(s.sliceOf(c), "TasksMax=150")
		if got := s.read(host.MemoryLimit, c, 1); got != 128*mi {
			s.Errorf("what was written beside systemd stayed (%d): it is not systemd's slice", got)
		}
		if got := s.read(host.Setting{Controller: "cpu", V2: "cpu.weight"}, c, 1); got != 300 {
			s.Errorf("the tenant's weight is %d, want 300", got)
		}
	})
}

// ownDevices expects that the rules of devices are the container's own.
func (s *stage) ownDevices(c *container) {
	s.Helper()
	dir, err := host.CgroupDir(c.Pid(), "devices")
	s.must(err)
	rules, err := os.ReadFile(filepath.Join(dir, "devices.list"))
	s.must(err)
	if !strings.Contains(dir, c.ID) || strings.HasPrefix(string(rules), "a ") {
		s.Errorf("its devices cgroup is %s, which allows:\n%s", dir, rules)
	}
}

// sliceOf is the slice around a container's scope.
func (s *stage) sliceOf(c *container) string {
	s.Helper()
	dir, err := host.CgroupDir(c.Pid(), "memory")
	s.must(err)
	slice := filepath.Base(filepath.Dir(dir))
	if !strings.HasPrefix(slice, "bulkhead_") || !strings.HasSuffix(slice, "-acme.slice") {
		s.Fatalf("the container is in %s, want in a slice of its tenant", dir)
	}
	return slice
}

// setProperty makes systemd write all that it knows of a unit.
func (s *stage) setProperty(unit, assignment string) {
	s.Helper()
	if out, err := exec.CommandContext(s.ctx, "systemctl", "set-property", "--runtime", unit, assignment).CombinedOutput(); err != nil {
		s.Fatalf("systemctl set-property %s %s: %v\n%s", unit, assignment, err, out)
	}
}

func TestASliceIsStoppedWithItsLastContainer(t *testing.T) {
	underSystemd(t)
	if !host.V2() {
		t.Skip("on cgroup v1 a tenant is no slice")
	}
	onEachEngine(t, pair, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		slice := s.sliceOf(c)
		if state := s.activeState(slice); state != "active" {
			s.Fatalf("%s is %s", slice, state)
		}
		c.delete()
		for _, unit := range []string{slice, strings.TrimSuffix(slice, "-acme.slice") + ".slice"} {
			if state := s.activeState(unit); state != "inactive" {
				s.Errorf("%s is %s after its last container", unit, state)
			}
		}
	})
}

func (s *stage) activeState(unit string) string {
	s.Helper()
	out, err := exec.CommandContext(s.ctx, "systemctl", "show", "--property=ActiveState", "--value", unit).Output()
	s.must(err)
	return strings.TrimSpace(string(out))
}
