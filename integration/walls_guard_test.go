package integration

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/guard"
	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// another gives a container a second interface, and returns its gateway, which
// may be pinged.
func (s *stage) another(c *plugged) (gateway string) {
	s.Helper()
	cmd := s.node.Enter("/usr/lib/cni/bridge")
	cmd.Env = append(cmd.Env, "CNI_COMMAND=ADD", "CNI_CONTAINERID="+c.ID, "CNI_IFNAME=eth1", "CNI_PATH=/usr/lib/cni", fmt.Sprintf("CNI_NETNS=/proc/%d/ns/net", c.Pid()))
	cmd.Stdin = strings.NewReader(fmt.Sprintf(`{"cniVersion": "1.0.0", "name": "another", "type": "bridge", "bridge": "another0", "isGateway": true,
		"ipam": {"type": "host-local", "dataDir": %q, "ranges": [[{"subnet": "10.86.0.0/24"}]]}}`, s.node.Dir()+"/another"))
	res, err := node.Finish(s.ctx, cmd)
	s.must(err)
	s.must(res.Failed())
	return "10.86.0.1"
}

// pings reports whether the gateway answers in a container's network.
func (s *stage) pings(c *plugged, gateway string) bool {
	s.Helper()
	const request = 8 // RFC 792
	message := []byte{request, 0, 0xf7, 0xff, 0, 0, 0, 0}
	answer := make([]byte, 64)
	var answered bool
	s.inNetwork(c, func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 2}); err != nil {
			return err
		}
		if err := unix.Sendto(fd, message, 0, &unix.SockaddrInet4{Addr: netip.MustParseAddr(gateway).As4()}); err != nil {
			return nil // EPERM says that it was dropped
		}
		_, from, err := unix.Recvfrom(fd, answer, 0)
		sender, ok := from.(*unix.SockaddrInet4)
		answered = err == nil && ok && netip.AddrFrom4(sender.Addr).String() == gateway
		return nil
	})
	return answered
}

// inNetwork runs f in a container's network namespace.
func (s *stage) inNetwork(c *plugged, f func() error) {
	s.Helper()
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", c.Pid()))
	s.must(err)
	defer ns.Close()
	s.must(namespace.In(int(ns.Fd()), f))
}

// Nobody walls an interface that comes when the shim has died, and its engine
// before it, which would end the container.
func TestGuardOutlivesItsShim(t *testing.T) {
	onOwnWorld(t, func(s *stage) {
		s.apply(node.Policy{Tenants: map[string]string{"acme": pinged}})
		run := s.sleeper("acme")
		stock := run
		stock.Runtime = node.Stock
		living, ours, plain := s.plug(run), s.plug(run), s.plug(stock)
		gateway := s.another(living)
		s.must(node.Await(s.ctx, func() bool { return s.pings(living, gateway) }))

		s.must(s.node.Kill())
		for _, c := range []*plugged{ours, plain} {
			shim := host.Parent(c.Pid())
			s.must(unix.Kill(shim, unix.SIGKILL))
			s.must(node.Await(s.ctx, func() bool { return !host.Alive(shim) }))
			s.another(c)
		}
		if !s.pings(plain, gateway) {
			s.Error("under the stock shim the new interface carries nothing")
		}
		persists := guard.Ownerships()[0] == nft.Persisted
		if got := s.pings(ours, gateway); got == persists {
			s.Errorf("under Bulkhead the new interface carries packets: %v", got)
		}
		if first := "10.87.0.1"; !s.pings(ours, first) {
			s.Error("the first interface carries nothing any longer")
		}
		s.must(s.node.Restart(s.ctx))
		s.must(living.Attend(s.ctx))
		s.removeDeadSockets()
	})
}

// removeDeadSockets removes those of shims that were killed, as a reboot would.
func (s *stage) removeDeadSockets() {
	s.Helper()
	sockets, err := filepath.Glob(filepath.Join(s.node.Dir(), "s", "*"))
	s.must(err)
	for _, path := range sockets {
		if c, err := net.Dial("unix", path); err == nil {
			c.Close()
		} else {
			os.Remove(path)
		}
	}
}

// Row 47: the table of neighbours is the whole kernel's.
func TestNeighboursOfAContainerAreFew(t *testing.T) {
	const flood, few = 200, 80
	onOwnWorld(t, func(s *stage) {
		s.apply(apart)
		for _, shim := range []string{node.Stock, ""} {
			run := s.sleeper("acme")
			run.Runtime = shim
			c, peer := s.plug(run), s.plug(run)
			p := c.exec(nil, "probe", "try", fmt.Sprintf("neighbours:10.87.0.20:%d", flood))
			s.wait(p)
			n := s.neighbours(c)
			s.Logf("%q: %d datagrams to the link made %d neighbours", shim, flood, n)
			if got := n < few; got != (shim == "") {
				s.Errorf("%d neighbours under %q", n, shim)
			}
			c.expectReach(true, peer.four, peer.six)
		}
	})
}

// neighbours are how many entries of the kernel's table a container made.
func (s *stage) neighbours(c *plugged) (n int) {
	s.Helper()
	s.inNetwork(c, func() error {
		all, err := netlink.NeighList(0, netlink.FAMILY_ALL)
		n = len(all)
		return err
	})
	return n
}

// pinged lets a tenant reach the node.
const pinged = "network: {host: [{address: node}]}\n"

// CAP_NET_ADMIN makes tables in the container's network, and changes nothing of
// the guard.
func TestGuardIsNotTheContainers(t *testing.T) {
	p := node.Policy{Tenants: map[string]string{"acme": rawNetwork + pinged}}
	onEachDocker(t, p, func(s *dockerStage) {
		a := s.sleeper("--cap-add", "NET_ADMIN")
		for technique, want := range map[string]string{
			"table-make:mine":                     "ok",
			"table-make:bulkhead-guard":           "EPERM",
			"table-delete:inet:bulkhead-guard":    "EPERM",
			"table-empty:bulkhead-guard:out":      "EPERM",
			"table-put:bulkhead-guard:known:1000": "EPERM",
		} {
			if got := s.tries(a, technique); got != want {
				s.Errorf("%s is %s, want %s", technique, got, want)
			}
		}
		gateway := s.laterNetwork()
		for range 3 {
			s.docker("network", "connect", "later", a)
			s.until("the new network can be used", func() bool { return s.tries(a, "ping:"+gateway) == "ok" })
			s.docker("network", "disconnect", "later", a)
		}
		b := s.sleeper()
		if got := s.tries(b, "table-make:mine"); got == "ok" {
			s.Error("a container without CAP_NET_ADMIN makes tables")
		}
	})
}
