package network

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	goruntime "runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// namespace is a network namespace of the test's own.
type namespace struct {
	*testing.T
	file *os.File
}

func newNamespace(t *testing.T) namespace {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: makes network namespaces")
	}
	n := namespace{T: t}
	n.thread(func() error {
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			n.file, err = os.Open("/proc/thread-self/ns/net")
		}
		return err
	})
	t.Cleanup(func() { n.file.Close() })
	n.do(func() error {
		lo, err := netlink.LinkByName("lo")
		if err == nil {
			err = netlink.LinkSetUp(lo)
		}
		return err
	})
	return n
}

// thread runs f on a thread that ends with it.
func (n namespace) thread(f func() error) {
	n.Helper()
	if err := onThread(f); err != nil {
		n.Fatal(err)
	}
}

func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		goruntime.LockOSThread()
		if unix.Gettid() == os.Getpid() {
			done <- onThread(f)
			goruntime.UnlockOSThread()
			return
		}
		done <- f()
	}()
	return <-done
}

func (n namespace) try(f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return err
		}
		return f()
	})
}

func (n namespace) do(f func() error) {
	n.Helper()
	if err := n.try(f); err != nil {
		n.Fatal(err)
	}
}

// box is a container's network: a namespace that is plugged into the node's.
type box struct {
	namespace
	name  string
	four  netip.Addr
	six   netip.Addr
	node  namespace
	facts []facts.Interface
	of    Name
}

// bridged is a node with a bridge that has the first addresses of its networks.
func bridged(t *testing.T) namespace {
	node := newNamespace(t)
	node.do(func() error {
		b := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}
		if err := netlink.LinkAdd(b); err != nil {
			return err
		}
		for _, a := range []string{"10.9.0.1/24", "fd09::1/64"} {
			addr, err := netlink.ParseAddr(a)
			if err != nil {
				return err
			}
			addr.Flags = unix.IFA_F_NODAD
			if err := netlink.AddrAdd(b, addr); err != nil {
				return err
			}
		}
		for _, f := range []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding"} {
			if err := os.WriteFile("/proc/sys/net/"+f, []byte("1"), 0); err != nil {
				return err
			}
		}
		return netlink.LinkSetUp(b)
	})
	return node
}

// plug adds a container number n of a tenant to the node's bridge.
func (n namespace) plug(t *testing.T, owner string, number int) *box {
	t.Helper()
	c := &box{namespace: newNamespace(t), name: fmt.Sprintf("v%s%d", owner, number), node: n, of: Name{Installation: "t", Tenant: owner, Scope: "test", ID: fmt.Sprint(number)}}
	c.four, c.six = netip.AddrFrom4([4]byte{10, 9, 0, byte(number)}), netip.MustParseAddr(fmt.Sprintf("fd09::%x", number))
	n.do(func() error {
		v := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: c.name}, PeerName: "eth0", PeerNamespace: netlink.NsFd(c.file.Fd())}
		if err := netlink.LinkAdd(v); err != nil {
			return err
		}
		b, err := netlink.LinkByName("br0")
		if err == nil {
			err = netlink.LinkSetMaster(v, b)
		}
		if err == nil {
			err = netlink.LinkSetUp(v)
		}
		return err
	})
	c.do(func() error {
		l, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		for _, a := range []string{c.four.String() + "/24", c.six.String() + "/64"} {
			addr, err := netlink.ParseAddr(a)
			if err != nil {
				return err
			}
			addr.Flags = unix.IFA_F_NODAD
			if err := netlink.AddrAdd(l, addr); err != nil {
				return err
			}
		}
		if err := netlink.LinkSetUp(l); err != nil {
			return err
		}
		for _, gw := range []string{"10.9.0.1", "fd09::1"} {
			if err := netlink.RouteAdd(&netlink.Route{LinkIndex: l.Attrs().Index, Gw: net.ParseIP(gw)}); err != nil {
				return err
			}
		}
		return nil
	})
	return c
}

// wall raises walls by a policy.
func (c *box) wall(p *tenant.Policy, node *tenant.Node) {
	c.Helper()
	c.node.do(func() (err error) {
		if c.facts == nil {
			if c.facts, err = facts.Read(c.file); err != nil {
				return err
			}
		}
		return Walls(p, node, Facts{c.of, c.facts}).Apply(nil)
	})
}

// listen serves TCP connections on a port, which say one byte and stay open.
func (n namespace) listen(port int) {
	n.Helper()
	n.do(func() error {
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			return err
		}
		n.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					buf := make([]byte, 1)
					for {
						if _, err := c.Read(buf); err != nil {
							c.Close()
							return
						}
						if _, err := c.Write(buf); err != nil {
							return
						}
					}
				}()
			}
		}()
		return nil
	})
}

// patience is for what must work; what must not gets less.
const patience = 5 * time.Second

func (n namespace) dial(to netip.Addr, port int, wait time.Duration) (c net.Conn, err error) {
	err = n.try(func() (err error) {
		c, err = net.DialTimeout("tcp", netip.AddrPortFrom(to, uint16(port)).String(), wait)
		return err
	})
	return c, err
}

func (n namespace) reaches(to netip.Addr, port int) {
	n.Helper()
	c, err := n.dial(to, port, patience)
	if err != nil {
		n.Errorf("cannot reach %s port %d: %v", to, port, err)
		return
	}
	c.Close()
}

func (n namespace) doesNotReach(to netip.Addr, port int) {
	n.Helper()
	if c, err := n.dial(to, port, 300*time.Millisecond); err == nil {
		c.Close()
		n.Errorf("reaches %s port %d", to, port)
	}
}

func policyOf(name string, change ...func(*tenant.Network)) *tenant.Policy {
	p := &tenant.Policy{Name: name, Network: tenant.Network{Connections: 1000, ContainerConnections: 500}}
	for _, f := range change {
		f(&p.Network)
	}
	return p
}

func (c *box) drops(why Reason) uint64 {
	c.Helper()
	var n uint64
	c.node.do(func() error {
		all, err := Drops(c.of)
		n = all[why].Packets
		return err
	})
	return n
}

func TestWallsOnABridge(t *testing.T) {
	node := bridged(t)
	a, a2, b := node.plug(t, "acme", 2), node.plug(t, "acme", 3), node.plug(t, "umbrella", 4)
	for _, n := range []namespace{node, a.namespace, a2.namespace, b.namespace} {
		n.listen(80)
	}
	gateway, gateway6 := netip.MustParseAddr("10.9.0.1"), netip.MustParseAddr("fd09::1")
	for _, to := range []netip.Addr{b.four, b.six, gateway, gateway6} { // without walls
		a.reaches(to, 80)
	}
	none := new(tenant.Node)
	a.wall(policyOf("acme"), none)
	a2.wall(policyOf("acme"), none)
	b.wall(policyOf("umbrella"), none)
	for _, to := range []netip.Addr{a2.four, a2.six} {
		a.reaches(to, 80)
	}
	for _, to := range []netip.Addr{b.four, b.six, gateway, gateway6} {
		a.doesNotReach(to, 80)
	}
	b.doesNotReach(a.four, 80)
	b.doesNotReach(a.six, 80)
	node.reaches(a.four, 80) // as a kubelet's probe
	node.reaches(a.six, 80)
	if a.drops(Tenants) == 0 || a.drops(Host) == 0 {
		t.Errorf("drops: tenant %d, host %d", a.drops(Tenants), a.drops(Host))
	}
	a.wall(policyOf("acme", func(n *tenant.Network) {
		n.Peers = []string{"umbrella"}
		n.Host = []tenant.HostService{{Ports: []tenant.PortRange{{Protocol: "TCP", First: 80, Last: 80}}}}
	}), none)
	a.doesNotReach(b.four, 80) // the other does not list it yet
	a.reaches(gateway, 80)
	a.reaches(gateway6, 80)
	b.wall(policyOf("umbrella", func(n *tenant.Network) { n.Peers = []string{"acme"} }), none)
	a.reaches(b.four, 80)
	b.reaches(a.six, 80)
	node.do(func() error {
		for _, c := range []*box{a, a2, b} {
			if err := Undo(c.of); err != nil {
				return fmt.Errorf("undo %s: %w", c.name, err)
			}
		}
		keys, err := Standing("t")
		if err == nil && len(keys) > 0 {
			err = fmt.Errorf("still stand: %v", keys)
		}
		return err
	})
	a.reaches(b.four, 80)
}

// An address that a container has is refused to another, which leaves
// everything as it was, and is free when it has gone.
func TestAnAddressIsOneContainers(t *testing.T) {
	node := bridged(t)
	first, second := node.plug(t, "acme", 2), node.plug(t, "umbrella", 2)
	none := new(tenant.Node)
	first.wall(policyOf("acme"), none)
	apply := func() (err error) {
		node.do(func() error {
			read, unread := facts.Read(second.file)
			second.facts = read
			err = Walls(policyOf("umbrella"), none, Facts{second.of, read}).Apply(nil)
			return unread
		})
		return err
	}
	var taken *Taken
	if err := apply(); !errors.As(err, &taken) || taken.Key != first.of.Key() || taken.Address != first.four.String() {
		t.Fatalf("error %v, want that %s is taken", err, first.four)
	}
	node.do(func() error {
		keys, err := Standing("t")
		if len(keys) != 1 || keys[0] != first.of.Key() {
			t.Errorf("walls of %v stand, want those of the first", keys)
		}
		return errors.Join(err, Undo(first.of))
	})
	if err := apply(); err != nil {
		t.Error(err)
	}
}

// A hardware address of a neighbour's is refused too: the bridge would hand over
// the neighbour's frames.
func TestAHardwareAddressIsOneContainers(t *testing.T) {
	node := bridged(t)
	first, second := node.plug(t, "acme", 2), node.plug(t, "umbrella", 3)
	none := new(tenant.Node)
	first.wall(policyOf("acme"), none)
	second.do(func() error {
		l, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		return netlink.LinkSetHardwareAddr(l, first.facts[0].MAC)
	})
	var err error
	node.do(func() error {
		read, unread := facts.Read(second.file)
		err = Walls(policyOf("umbrella"), none, Facts{second.of, read}).Apply(nil)
		return unread
	})
	var taken *Taken
	if !errors.As(err, &taken) || taken.Key != first.of.Key() || taken.Address != first.facts[0].MAC.String() {
		t.Errorf("error %v, want that %s is taken", err, first.facts[0].MAC)
	}
	first.wall(policyOf("acme"), none) // its own is its own
}
