package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// plugged prepares what `ctr run --cni` looks for: plugins below /opt and a
// configuration of one bridge with addresses of both versions.
func (s *stage) plugged() {
	s.Helper()
	s.inWorld("mount", "-t", "tmpfs", "tmpfs", "/opt")
	s.inWorld("mkdir", "-p", "/opt/cni", "/etc/cni/net.d")
	s.inWorld("ln", "-s", "/usr/lib/cni", "/opt/cni/bin")
	conflist := fmt.Sprintf("/proc/%d/root/etc/cni/net.d/10-bridge.conflist", s.node.Pid())
	plugin := bridgeConfig(`"type": "bridge", `, "/var/lib/cni/networks", 2)
	s.must(os.WriteFile(conflist, []byte(`{"cniVersion": "1.0.0", "name": "walled", "plugins": [`+plugin+`]}`), 0o600))
}

// inWorld runs a program in the node's world.
func (s *stage) inWorld(program string, args ...string) string {
	s.Helper()
	res, err := node.Finish(s.ctx, s.node.Enter(program, args...))
	s.must(err)
	if err := res.Failed(); err != nil {
		s.Fatalf("%s %s: %v", program, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(res.Stdout)
}

// A ctrContainer is one that ctr started.
type ctrContainer struct {
	s             *stage
	namespace, id string
}

// ctr runs the engine's own client for the container, in the node's world.
func (c ctrContainer) ctr(args ...string) string {
	c.s.Helper()
	client := c.s.node.Enter(c.s.node.Engine.Ctr, append([]string{"--address", c.s.node.Socket(), "--namespace", c.namespace}, args...)...)
	res, err := node.Finish(c.s.ctx, client)
	c.s.must(err)
	if err := res.Failed(); err != nil {
		c.s.Fatalf("ctr %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(res.Stdout)
}

// ctrServer starts a container that serves on ports 80 and 81, and deletes it
// when the test ends.
func (s *stage) ctrServer(tenant, runtime string, privileged bool) ctrContainer {
	s.Helper()
	ns := s.node.Namespace(tenant)
	_, err := s.node.Image(s.ctx, ns)
	s.must(err)
	id, err := s.node.ID(ns)
	s.must(err)
	c := ctrContainer{s, ns, id}
	args := []string{"run", "-d", "--cni", "--null-io", "--runtime", runtime}
	if privileged {
		args = append(args, "--cap-add", "CAP_NET_ADMIN")
	}
	c.ctr(append(args, node.ImageName, id, "probe", "serve", "80", "81")...)
	s.Cleanup(func() {
		c.ctr("task", "delete", "--force", id)
		c.ctr("container", "delete", id)
	})
	return c
}

// pid is that of its first process.
func (c ctrContainer) pid() (pid int) {
	c.s.Helper()
	for line := range strings.Lines(c.ctr("task", "list")) {
		if f := strings.Fields(line); f[0] == c.id {
			_, err := fmt.Sscan(f[1], &pid)
			c.s.must(err)
		}
	}
	return pid
}

func (c ctrContainer) exec(args ...string) string {
	c.s.Helper()
	id, err := c.s.node.ID(c.namespace)
	c.s.must(err)
	return c.ctr(append([]string{"task", "exec", "--exec-id", id, "--fifo-dir", filepath.Join(c.s.node.Dir(), "fifo"), c.id}, args...)...)
}
