package walls

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// machine is a node with containers, and another machine.
type machine struct {
	*testing.T
	host, outside *space
	boxes         map[string]*box
	routed        bool
	node          tenant.Node
}

// box is a container's network namespace.
type box struct {
	*space
	network.Name
	mac       net.HardwareAddr
	four, six netip.Addr
	facts     network.Facts
	policy    tenant.Policy
}

// layout is how containers reach their node.
type layout struct {
	name   string
	routed bool
	nf     string // net.bridge.bridge-nf-call-iptables
}

var layouts = []layout{{"bridge", false, "0"}, {"bridge through iptables", false, "1"}, {"routed", true, "0"}}

// newMachine has two containers of tenant red, one of blue, and a neighbour
// without walls. Its ports 9000 and 9001 lead to red2 and blue.
func newMachine(t *testing.T, l layout) *machine {
	m := &machine{T: t, host: newSpace(t), outside: newSpace(t), boxes: map[string]*box{}, routed: l.routed}
	for name, value := range map[string]string{"net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1", "net.ipv4.conf.all.rp_filter": "0"} {
		m.host.sysctl(name, value)
	}
	m.host.veth("up0", m.outside, "eth0", nil)
	m.host.address("up0", "192.0.2.1/24")
	m.host.address("up0", "fd02::1/64")
	m.outside.address("eth0", "192.0.2.2/24")
	m.outside.address("eth0", "fd02::2/64")
	m.outside.address("lo", "169.254.169.254/32")
	m.outside.address("lo", "fd00:ec2::254/128")
	m.outside.route("10.9.0.0/24", "192.0.2.1", "")
	m.outside.route("fd09::/64", "fd02::1", "")
	m.host.route("169.254.169.254/32", "192.0.2.2", "")
	m.host.route("fd00:ec2::254/128", "fd02::2", "")
	if !l.routed {
		m.host.try(func() error {
			b := &netlink.Bridge{LinkAttrs: netlink.NewLinkAttrs()}
			b.Name = "br0"
			if err := netlink.LinkAdd(b); err != nil {
				return err
			}
			return netlink.LinkSetUp(b)
		})
		m.host.sysctl("net.ipv6.conf.br0.accept_dad", "0")
		m.host.address("br0", "10.9.0.1/24")
		m.host.address("br0", "fd09::1/64")
		m.host.sysctl("net.bridge.bridge-nf-call-iptables", l.nf)
		m.host.sysctl("net.bridge.bridge-nf-call-ip6tables", l.nf)
	}
	for n, b := range []struct{ name, tenant string }{{"red1", "red"}, {"red2", "red"}, {"blue", "blue"}, {"plain", ""}} {
		m.plug(b.name, b.tenant, n+2)
	}
	m.host.nft(`table ip nat {
		chain pre {
			type nat hook prerouting priority dstnat;
			ip daddr 192.0.2.1 tcp dport 9000 dnat to 10.9.0.3:8080
			ip daddr 192.0.2.1 tcp dport 9001 dnat to 10.9.0.4:8080
		}
		chain post {
			type nat hook postrouting priority srcnat;
			ip saddr 10.9.0.0/24 ip daddr 10.9.0.0/24 ct status dnat masquerade
		}
	}`, "-f", "-")
	for _, s := range []*space{m.host, m.outside, m.boxes["red1"].space, m.boxes["red2"].space, m.boxes["blue"].space, m.boxes["plain"].space} {
		s.serve(8080)
		s.serve(53)
	}
	return m
}

func (m *machine) plug(name, of string, n int) {
	b := &box{space: newSpace(m.T), Name: network.Name{Installation: "t", Tenant: of, Scope: "test", ID: name}, mac: net.HardwareAddr{2, 0, 0, 0, 0, byte(n)},
		four: netip.AddrFrom4([4]byte{10, 9, 0, byte(n)}), six: netip.MustParseAddr(fmt.Sprintf("fd09::%x", n))}
	m.boxes[name] = b
	host := fmt.Sprintf("veth%d", n)
	m.host.veth(host, b.space, "eth0", b.mac)
	bits4, bits6 := 24, 64
	if m.routed {
		bits4, bits6 = 32, 128
		m.host.address(host, "10.9.0.1/32")
		m.host.address(host, "fd09::1/128")
		m.host.route(b.four.String()+"/32", "", host)
		m.host.route(b.six.String()+"/128", "", host)
	} else {
		m.host.try(func() error {
			l, err := netlink.LinkByName(host)
			if err != nil {
				return err
			}
			bridge, err := netlink.LinkByName("br0")
			if err != nil {
				return err
			}
			return netlink.LinkSetMaster(l, bridge)
		})
	}
	b.address("eth0", fmt.Sprintf("%s/%d", b.four, bits4))
	b.address("eth0", fmt.Sprintf("%s/%d", b.six, bits6))
	b.route("0.0.0.0/0", "10.9.0.1", "eth0")
	b.route("::/0", "fd09::1", "eth0")
	b.policy.Name = of
	b.policy.Network = tenant.Network{Connections: 1000, ContainerConnections: 500}
}

// wall puts walls around the containers that have a tenant.
func (m *machine) wall() {
	m.Helper()
	for _, name := range []string{"red1", "red2", "blue"} {
		m.boxes[name].wall(m)
	}
}

// wall follows the container's policy.
func (b *box) wall(m *machine) {
	m.Helper()
	m.host.try(func() error {
		if b.facts.Interfaces == nil {
			found, err := facts.Read(b.file)
			if err != nil {
				return err
			}
			b.facts = network.Facts{Name: b.Name, Interfaces: found}
		}
		return network.Walls(&b.policy, &m.node, b.facts).Apply(nil)
	})
}

// drops are a container's.
func (m *machine) drops(b *box) (found map[network.Reason]nft.Counted) {
	m.Helper()
	m.host.try(func() (err error) {
		found, err = network.Drops(b.Name)
		return err
	})
	return found
}
