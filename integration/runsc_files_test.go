package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// Its file server opens what was judged while the sandbox is made, also of a
// folder whose owner could exchange it, which is bound elsewhere until then.
func TestRunscContainerHasItsMounts(t *testing.T) {
	onEachEngineWithRunsc(t, sandboxed, func(s *stage) {
		dir := s.TempDir()
		s.tree(dir, "listed/sub/", "readonly/")
		for _, name := range []string{"listed", "listed/sub", "readonly"} {
			s.must(os.Chown(filepath.Join(dir, name), 1000, 1000))
		}
		s.must(os.Chmod(dir, 0o755))
		p := node.Policy{Tenants: map[string]string{"acme": sandboxed.Tenants["acme"] +
			fmt.Sprintf("security: {exceptions: {hostPaths: [{path: %s/listed}, {path: %[1]s/readonly, readOnly: true}]}}\n", dir)}}
		s.apply(p)
		for range 3 {
			if got := s.says(s.with("acme", filepath.Join(dir, "listed/sub"), "echo written > /d/file && cat /d/file", "rw")); got != "written" {
				s.Errorf("it read %q", got)
			}
			if text, err := os.ReadFile(filepath.Join(dir, "listed/sub/file")); string(text) != "written\n" {
				s.Errorf("on the node it is %q, %v", text, err)
			}
			s.must(os.Remove(filepath.Join(dir, "listed/sub/file")))
		}
		below := filepath.Join(dir, "readonly/below")
		s.must(os.Mkdir(below, 0o777))
		s.must(unix.Mount("none", below, "tmpfs", 0, "mode=777"))
		s.Cleanup(func() { s.must(unix.Unmount(below, unix.MNT_DETACH)) })
		for _, options := range [][]string{{"ro"}, {"rro"}} {
			got := s.says(s.with("acme", filepath.Join(dir, "readonly"), "for f in /d/file /d/below/file; do echo no 2>&- >$f || echo refused; done", options...))
			if got != "refused\nrefused" {
				s.Errorf("of a mount with %s it says %q, want it to be refused twice", options, got)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "readonly/*/*")); len(left) > 0 {
			s.Errorf("it wrote %q", left)
		}
	})
}

// With a user namespace the file server has its IDs, and the sandbox none.
func TestRunscContainerInAUserNamespace(t *testing.T) {
	const first = 1 << 20
	onEachEngineWithRunsc(t, sandboxed, func(s *stage) {
		c := s.start(s.remapped("acme", first))
		if code := s.wait(c.exec(nil, "sh", "-c", "id -u | grep -x 0")); code != 0 {
			s.Error("inside it is not root")
		}
		s.verify("in a user namespace", 0, "1 tenant and 1 container hold")
		dir, err := host.CgroupDir(c.Pid(), "devices")
		s.must(err)
		procs, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		s.must(err)
		for pid := range strings.FieldsSeq(string(procs)) {
			status, _ := os.ReadFile("/proc/" + pid + "/status")
			if strings.Contains(string(status), "\nUid:\t0\t") {
				s.Errorf("process %s of the sandbox is the node's root:\n%s", pid, status)
			}
		}
	})
}
