package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/host"
)

// What other tests rely on in the VM, of which this machine may have none. The
// VM's mode is in BULKHEAD_TEST_VM.
func TestMachineHasWhatItsModeSays(t *testing.T) {
	mode := os.Getenv("BULKHEAD_TEST_VM")
	if mode == "" {
		t.Skip("not in a VM; run: make test-vm")
	}
	if got, want := host.V2(), mode != "hybrid"; got != want {
		t.Errorf("cgroup v2 alone: %v, want %v", got, want)
	}
	if got, want := filepath.Base(host.Program(1)) == "systemd", mode != "cgroupfs"; got != want {
		t.Errorf("systemd is PID 1: %v (it is %s), want %v", got, host.Command(1), want)
	}
	if _, err := os.ReadFile("/proc/pressure/memory"); err != nil {
		t.Errorf("no pressure to read: %v", err)
	}
	out, err := exec.Command("crun", "--version").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "1.8.1") {
		t.Errorf("crun --version: %v: %s; want 1.8.1", err, out)
	}
	if host.Disk("bulkhead-io") == "" {
		t.Error("no disk for tests of block I/O")
	}
}
