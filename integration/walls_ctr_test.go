package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	s.must(os.WriteFile(conflist, []byte(`{"cniVersion": "1.0.0", "name": "plugged", "plugins": [
		{"type": "bridge", "bridge": "plugged0", "isGateway": true,
		 "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.90.0.0/24"}], [{"subnet": "fd00:90::/64"}]]}}]}`), 0o600))
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

// ctrServer starts a container that answers on port 80, and deletes it when the
// test ends.
func (s *stage) ctrServer(tenant, runtime string) ctrContainer {
	s.Helper()
	ns := s.node.Namespace(tenant)
	_, err := s.node.Image(s.ctx, ns)
	s.must(err)
	id, err := s.node.ID(ns)
	s.must(err)
	c := ctrContainer{s, ns, id}
	c.ctr("run", "-d", "--cni", "--null-io", "--runtime", runtime, node.ImageName, id, "httpd", "-f", "-p", "80", "-h", "/etc")
	s.Cleanup(func() {
		c.ctr("task", "delete", "--force", id)
		c.ctr("container", "delete", id)
	})
	return c
}

func (c ctrContainer) exec(args ...string) string {
	c.s.Helper()
	id, err := c.s.node.ID(c.namespace)
	c.s.must(err)
	return c.ctr(append([]string{"task", "exec", "--exec-id", id, "--fifo-dir", filepath.Join(c.s.node.Dir(), "fifo"), c.id}, args...)...)
}

// addresses are the container's of IPv4 and of IPv6.
func (c ctrContainer) addresses() (four, six string) {
	c.s.Helper()
	for line := range strings.Lines(c.exec("ip", "addr", "show", "eth0", "scope", "global")) {
		f := strings.Fields(line)
		switch address, _, _ := strings.Cut(f[min(1, len(f)-1)], "/"); f[0] {
		case "inet":
			four = address
		case "inet6":
			six = address
		}
	}
	if four == "" || six == "" {
		c.s.Fatalf("addresses of %s are %q and %q", c.id, four, six)
	}
	return four, six
}

func (c ctrContainer) outcomes(where string, want map[string]bool) {
	c.s.Helper()
	for technique, through := range want {
		got := strings.TrimPrefix(c.exec("probe", "try", technique), technique+" ")
		if (got == "ok") != through {
			c.s.Errorf("%s: %s is %s, want through: %v", where, technique, got, through)
		}
	}
}

func TestWallsOfContainersThatCtrPlugsIn(t *testing.T) {
	onOwnWorld(t, func(s *stage) {
		s.plugged()
		s.apply(node.Policy{Tenants: map[string]string{"acme": "", "globex": ""}})
		server := s.node.Enter(s.node.Engine.Busybox(), "httpd", "-f", "-p", nodePort, "-h", "/etc")
		s.must(server.Start())
		s.Cleanup(func() {
			if err := server.Process.Kill(); err != nil {
				s.Error(err)
			}
			_ = server.Wait() // killed
		})
		for _, runtime := range []string{node.Stock, node.Bulkhead} {
			a, own, b := s.ctrServer("acme", runtime), s.ctrServer("acme", runtime), s.ctrServer("globex", runtime)
			walls := runtime == node.Bulkhead
			s.must(node.Await(s.ctx, func() bool { // the bridge's address is not another's (DAD)
				res, err := node.Finish(s.ctx, s.node.Enter(s.node.Engine.Busybox(), "wget", "-qO-", "http://[fd00:90::1]:"+nodePort+"/passwd"))
				return err == nil && res.Code == 0
			}))
			own4, own6 := own.addresses()
			b4, b6 := b.addresses()
			a4, a6 := a.addresses()
			a.outcomes(runtime+", from acme", map[string]bool{
				"tcp:" + own4 + ":80": true, "tcp:" + own6 + ":80": true,
				"tcp:" + b4 + ":80": !walls, "tcp:" + b6 + ":80": !walls,
				"tcp:10.90.0.1:" + nodePort: !walls, "tcp:fd00:90::1:" + nodePort: !walls,
				"ping:10.90.0.1": walls, // the stock shim leaves it to CAP_NET_RAW
			})
			b.outcomes(runtime+", from globex", map[string]bool{"tcp:" + a4 + ":80": !walls, "tcp:" + a6 + ":80": !walls})
			for _, to := range []string{b4, "[" + b6 + "]"} {
				s.inWorld(s.node.Engine.Busybox(), "wget", "-qO-", "http://"+to+"/passwd")
			}
		}
	})
}
