package integration

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// What containers with all that a network asks for try, and what must not help
// them.
const rawNetwork = "security: {exceptions: {capabilities: [NET_ADMIN, NET_RAW]}}\n"

// Services of the node itself: on all of its addresses, and where clouds have
// their metadata.
const nodePort, metadata = "7000", "169.254.169.254"

// serve runs a server of the node itself until the returned function is called.
func (s *dockerStage) serve() (end func()) {
	s.Helper()
	s.inWorld("ip", "addr", "add", metadata+"/32", "dev", "lo")
	server := s.Node.Enter(s.Node.Engine.Busybox(), "httpd", "-f", "-p", nodePort, "-h", "/etc")
	s.must(server.Start())
	return func() {
		if err := server.Process.Kill(); err != nil {
			s.Error(err)
		}
		_ = server.Wait() // killed
		s.inWorld("ip", "addr", "del", metadata+"/32", "dev", "lo")
	}
}

// inWorld runs a program in the daemon's world.
func (s *dockerStage) inWorld(program string, args ...string) string {
	s.Helper()
	res, err := node.Finish(s.ctx, s.Node.Enter(program, args...))
	s.must(err)
	if err := res.Failed(); err != nil {
		s.Errorf("%s %s: %v", program, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(res.Stdout)
}

// server starts a container that answers on port 80.
func (s *dockerStage) server(options ...string) string {
	s.Helper()
	return s.run(append(options, node.ImageName, "httpd", "-f", "-p", "80", "-h", "/etc")...)
}

// address is a container's in its only network.
func (s *dockerStage) address(container string) string {
	s.Helper()
	return s.docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", container)
}

// tries runs a technique of the prober in a container, and returns what came of
// it.
func (s *dockerStage) tries(container, technique string) string {
	s.Helper()
	out := s.docker("exec", container, "probe", "try", technique)
	return strings.TrimPrefix(out, technique+" ")
}

// outcomes expects what comes of techniques.
func (s *dockerStage) outcomes(where, container string, want map[string]bool) {
	s.Helper()
	for technique, through := range want {
		if got := s.tries(container, technique); (got == "ok") != through {
			s.Errorf("%s: %s is %s, want through: %v", where, technique, got, through)
		}
	}
}

// drops are what the walls around a container dropped, by reason.
func (s *dockerStage) drops(tenant, container string) map[string]uint64 {
	s.Helper()
	of := network.Name{Installation: s.Node.Root().Installation(), Tenant: tenant,
		Scope: record.Scope(s.Namespace), ID: s.docker("inspect", "--format", "{{.Id}}", container)}
	world, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", s.Node.Pid()))
	s.must(err)
	defer world.Close()
	packets := map[string]uint64{}
	s.must(namespace.In(int(world.Fd()), func() error {
		all, err := network.Drops(of)
		for why, c := range all {
			packets[string(why)] = c.Packets
		}
		return err
	}))
	return packets
}

// wallsOnOneSocket runs a test with two tenants on one bridge, and with the same
// containers under the stock runtime.
func wallsOnOneSocket(t *testing.T, test func(s *dockerStage, runtimes map[string]string, walls bool)) {
	p := node.Policy{Tenants: map[string]string{"acme": rawNetwork, "globex": ""}}
	onOneSocket(t, p, func(s *dockerStage) {
		for _, walls := range []bool{false, true} {
			runtimes, name := map[string]string{"acme": "runc", "globex": "runc"}, "stock"
			if walls {
				runtimes, name = map[string]string{"acme": "acme", "globex": "globex"}, "Bulkhead"
			}
			s.T.Run(name, func(t *testing.T) {
				sub := *s
				sub.T = t
				t.Cleanup(sub.clean)
				t.Cleanup(sub.serve())
				test(&sub, runtimes, walls)
			})
		}
	})
}

func TestWallsBetweenTenantsOfADocker(t *testing.T) {
	wallsOnOneSocket(t, func(s *dockerStage, runtime map[string]string, walls bool) {
		a := s.server("--runtime", runtime["acme"], "--cap-add", "NET_ADMIN")
		own := s.server("--runtime", runtime["acme"], "-p", "8080:80")
		b := s.server("--runtime", runtime["globex"], "-p", "8081:80", "--cap-drop", "NET_RAW")
		gateway := s.docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}")
		s.outcomes("from acme", a, map[string]bool{
			"tcp:" + s.address(own) + ":80":    true,
			"tcp:" + s.address(b) + ":80":      !walls,
			"ping:" + s.address(b):             !walls,
			"tcp:" + gateway + ":" + nodePort:  !walls,
			"tcp:" + metadata + ":" + nodePort: !walls,
			"tcp:" + gateway + ":8081":         !walls, // by docker-proxy, to another tenant's
			"ping:" + gateway:                  true,
		})
		s.outcomes("from globex", b, map[string]bool{"tcp:" + s.address(a) + ":80": !walls})
		for _, to := range []string{"http://127.0.0.1:8081/passwd", "http://" + gateway + ":8081/passwd", "http://" + s.address(b) + "/passwd"} {
			s.inWorld(s.Node.Engine.Busybox(), "wget", "-qO-", to)
		}
		if !walls {
			return
		}
		drops := s.drops("acme", a)
		for _, why := range []string{"tenant", "host", "metadata"} {
			if drops[why] == 0 {
				s.Errorf("no drop is counted as %s: %v", why, drops)
			}
		}
	})
}

// dual is a network of Docker's with addresses of both versions.
const dual = "dual"

// dualNetwork makes it and returns its gateway of IPv4.
func (s *dockerStage) dualNetwork() string {
	s.Helper()
	s.docker("network", "create", "--subnet", "10.88.0.0/24", "--ipv6", "--subnet", "fd00:88::/64", dual)
	return "10.88.0.1"
}

// hardware is where a container thinks that an address is.
func (s *dockerStage) hardware(container, address string) string {
	s.Helper()
	s.tries(container, "ping:"+address)
	for line := range strings.Lines(s.docker("exec", container, "cat", "/proc/net/arp")) {
		if f := strings.Fields(line); len(f) > 3 && f[0] == address {
			return f[3]
		}
	}
	return ""
}

func TestForgedFramesOnADocker(t *testing.T) {
	wallsOnOneSocket(t, func(s *dockerStage, runtime map[string]string, walls bool) {
		gateway := s.dualNetwork()
		a := s.sleeper("--runtime", runtime["acme"], "--network", dual, "--cap-add", "NET_ADMIN")
		b := s.sleeper("--runtime", runtime["globex"], "--network", dual)
		before := s.hardware(b, gateway)
		if before == "" {
			s.Fatal("the gateway does not answer")
		}
		if got := s.tries(a, "forge-arp:"+gateway); got != "ok" {
			s.Fatal("no frame left: ", got)
		}
		after := ""
		for line := range strings.Lines(s.docker("exec", b, "cat", "/proc/net/arp")) {
			if f := strings.Fields(line); len(f) > 3 && f[0] == gateway {
				after = f[3]
			}
		}
		if forged := after != before; forged == walls {
			s.Errorf("globex thinks that the gateway is at %s, before at %s", after, before)
		}
		routes := func() string { return s.docker("exec", b, "ip", "-6", "route", "show", "default") }
		s.tries(a, "forge-router")
		if forged := strings.Contains(routes(), "via fe80::"); forged == walls {
			s.Errorf("globex has the IPv6 route %q", routes())
		}
		s.tries(a, "forge-mac:"+s.address(a))
		s.tries(a, "forge-udp:"+s.address(b)+":"+gateway+":9")
		if walls {
			if n := s.drops("acme", a)["spoofed"]; n < 60 {
				s.Errorf("%d forged frames are counted, want all 60", n)
			}
		}
	})
}
