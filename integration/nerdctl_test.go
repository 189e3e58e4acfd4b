package integration

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// nerdctlPath is where nerdctl stands in a node's world: a place where Bulkhead
// knows it.
const nerdctlPath = "/usr/local/bin/nerdctl"

// acmeByNerdctl is a tenant of whom nerdctl is the client. Its logger is a program
// that the shim starts.
var acmeByNerdctl = node.Policy{
	Tenants: map[string]string{"acme": "limits: {cpu: \"1\", memory: 256Mi, pids: 200}\ncontainer: {max: {cpu: 500m, memory: 128Mi, pids: 100}}"},
	Node:    "stdio: {logBinaries: [" + nerdctlPath + "]}",
}

// A nerdctlStage is a test on a containerd in a world, with nerdctl.
type nerdctlStage struct{ *stage }

func onEachNerdctl(t *testing.T, test func(*nerdctlStage)) {
	onlyIfItMatters(t)
	onOwnWorld(t, func(world *stage) {
		s := &nerdctlStage{world}
		repo, err := node.Repository()
		s.must(err)
		s.inside("install", "-m", "755", filepath.Join(repo, "bin/engines/nerdctl/nerdctl"), nerdctlPath)
		_, err = s.node.Image(s.ctx, s.node.Namespace("acme"))
		s.must(err)
		s.apply(acmeByNerdctl)
		test(s)
	})
}

// inside runs a program in the node's world, which must succeed.
func (s *nerdctlStage) inside(program string, args ...string) string {
	s.Helper()
	res, err := node.Finish(s.ctx, s.node.Enter(program, args...))
	s.must(err)
	if err := res.Failed(); err != nil {
		s.Fatalf("%s %s: %v", program, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(res.Stdout)
}

func (s *nerdctlStage) flags() []string {
	return []string{"--address", s.node.Socket(), "--namespace", s.node.Namespace("acme")}
}

func (s *nerdctlStage) nerdctl(args ...string) string {
	s.Helper()
	return s.inside(nerdctlPath, append(s.flags(), args...)...)
}

// try runs nerdctl, which may fail.
func (s *nerdctlStage) try(args ...string) node.Result {
	s.Helper()
	res, err := node.Finish(s.ctx, s.node.Enter(nerdctlPath, append(s.flags(), args...)...))
	s.must(err)
	return res
}

// run starts a container that is removed when the test ends.
func (s *nerdctlStage) run(runtime string, args ...string) string {
	s.Helper()
	id := s.nerdctl(append([]string{"run", "-d", "--pull", "never", "--runtime", runtime}, args...)...)
	s.Cleanup(func() { s.try("rm", "-f", "-v", id) })
	return id
}

// A service on nerdctl's bridge, with a published port and a volume.
func TestNerdctlRunsContainersOfTheTenant(t *testing.T) {
	onEachNerdctl(t, func(s *nerdctlStage) {
		before := s.inside("ip", "-o", "link", "show", "type", "veth")
		id := s.run(node.Bulkhead, "--name", "web", "-p", "8080:80", "-v", "data:/data", node.ImageName, "sh", "-c", "echo kept >/data/f; exec httpd -f -p 80 -h /data")
		s.must(node.Await(s.ctx, func() bool {
			res, err := node.Finish(s.ctx, s.node.Enter(s.node.Engine.Busybox(), "wget", "-q", "-O", "-", "http://127.0.0.1:8080/f"))
			s.must(err)
			return res.Stdout == "kept\n"
		}))
		pid, err := strconv.Atoi(s.nerdctl("inspect", "--format", "{{.State.Pid}}", id))
		s.must(err)
		if got, err := host.MemoryLimit.ReadInt(pid, 0); err != nil || got != 128*mi {
			s.Errorf("its memory is limited to %d (%v), want acme's maximum", got, err)
		}
		for _, flags := range [][]string{nil, {"--privileged"}} {
			got := strings.Fields(s.nerdctl(slices.Concat([]string{"exec"}, flags, []string{id, "grep", "-h", "CapBnd", "/proc/1/status", "/proc/self/status"})...))
			if len(got) != 4 || got[1] != got[3] {
				s.Errorf("exec %v has %v, want what its container has", flags, got)
			}
		}
		res, err := s.node.Bulkhead(s.ctx, "verify")
		s.must(err)
		if res.Code != 0 {
			s.Errorf("verify ends with %d:\n%s%s", res.Code, res.Stdout, res.Stderr)
		}
		res, err = s.node.ApplyWith(s.ctx, acmeByNerdctl, "--dry-run")
		s.must(err)
		if err := res.Failed(); err != nil || strings.Contains(res.Stdout, "refused by") {
			s.Errorf("the same policy again: %v\n%s", err, res.Stdout)
		}
		s.nerdctl("stop", "-t", "1", "web")
		s.nerdctl("start", "web")
		if got := s.nerdctl("exec", "web", "cat", "/data/f"); got != "kept" {
			s.Errorf("after a restart the volume has %q", got)
		}
		s.nerdctl("rm", "-f", "web")
		s.nerdctl("volume", "rm", "data")
		if after := s.inside("ip", "-o", "link", "show", "type", "veth"); after != before {
			s.Errorf("interfaces are left: %s", after)
		}
	})
}

// What would send nerdctl's hook elsewhere is refused, and would have worked.
func TestNerdctlsHookGoesNowhereElse(t *testing.T) {
	onEachNerdctl(t, func(s *nerdctlStage) {
		refused := func(sentence string, args ...string) {
			s.Helper()
			res := s.try(append([]string{"run", "-d", "--pull", "never", "--runtime", node.Bulkhead}, args...)...)
			if res.Code == 0 || !strings.Contains(res.Stderr, sentence) {
				s.Errorf("%v: exit %d, and says\n  %s, want\n  %s", args, res.Code, res.Stderr, sentence)
			}
		}
		const hook = "refused by ocihooks: hooks.createRuntime[0] is set"
		mark := func(name string) string { return filepath.Join("/run", name) }
		sleeper := []string{node.ImageName, "sleep", "600"}
		refused(hook, append([]string{"--pidfile", mark("pid")}, sleeper...)...)
		refused(hook, append([]string{"--annotation", "nerdctl/state-dir=" + mark("state")}, sleeper...)...)
		refused(hook, append([]string{"--annotation", "nerdctl/network-namespace=/proc/1/ns/net"}, sleeper...)...)
		refused("refused by namespaces: linux.namespaces[network] is the host's", append([]string{"--network", "host"}, sleeper...)...)
		refused("refused by capabilities", append([]string{"--privileged"}, sleeper...)...)
		if got := s.inside("sh", "-c", fmt.Sprintf("ls -d %s %s 2>/dev/null || true", mark("pid"), mark("state"))); got != "" {
			s.Errorf("it was refused, and yet there is %s", got)
		}
		s.run(node.Bulkhead, sleeper...)
		s.run(node.Stock, append([]string{"--pidfile", mark("pid")}, sleeper...)...)
		s.inside("cat", mark("pid"))
	})
}
