package walls

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func prefixes(all ...string) (found []netip.Prefix) {
	for _, p := range all {
		found = append(found, netip.MustParsePrefix(p))
	}
	return found
}

func ports(protocol string, port uint16) []tenant.PortRange {
	return []tenant.PortRange{{Protocol: protocol, First: port, Last: port}}
}

// TestPeers opens two tenants to each other.
func TestPeers(t *testing.T) {
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, l)
			red1, blue := m.boxes["red1"], m.boxes["blue"]
			m.boxes["red2"].policy.Network.Peers = []string{"blue"}
			red1.policy.Network.Peers, blue.policy.Network.Peers = []string{"blue"}, []string{"red"}
			deny := []tenant.NetworkRule{{Allow: false}} // which is not for peers
			red1.policy.Network.Egress, blue.policy.Network.Ingress = deny, deny
			m.wall()
			trials := []trial{
				{"peer", red1.space, "tcp", "10.9.0.4:8080", true}, {"peer", red1.space, "udp", "[fd09::4]:8080", true},
				{"peer", blue.space, "ping", "10.9.0.2", true}, {"peer's published", red1.space, "tcp", "192.0.2.1:9001", true},
				{"own", red1.space, "tcp", "10.9.0.3:8080", true},
				{"denied", red1.space, "tcp", "10.9.0.5:8080", false}, {"denied", m.boxes["plain"].space, "tcp", "10.9.0.4:8080", false},
			}
			all(t, true, trials)

			red1.policy.Network.Peers = nil // mutual no more, said by one of them at first
			red1.wall(m)
			all(t, true, []trial{{"no peer", red1.space, "tcp", "[fd09::4]:53", false}, {"no peer", blue.space, "udp", "10.9.0.2:53", false}})
			m.host.try(func() error { return network.Undo(blue.Name) })
			m.host.try(func() error { return network.Undo(red1.Name) })
			m.host.try(func() error {
				keys, err := network.Standing("t")
				if len(keys) != 1 || keys[0] != m.boxes["red2"].Key() {
					t.Errorf("%v stand, want %s alone", keys, m.boxes["red2"].Key())
				}
				return err
			})
			left := m.host.nft("", "list", "ruleset") // red2 still names its peer
			for _, gone := range []string{blue.Key(), red1.Key(), "total_blue", "10.9.0.4 :", "02:00:00:00:00:04"} {
				if strings.Contains(left, gone) {
					t.Errorf("Undo left %s:\n%s", gone, left)
				}
			}
		})
	}
}

// TestRules holds egress and ingress rules, and follows a policy while a
// connection is open.
func TestRules(t *testing.T) {
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, l)
			red1, red2, plain := m.boxes["red1"], m.boxes["red2"], m.boxes["plain"]
			m.wall()
			before, err := red1.dial("tcp", netip.MustParseAddrPort("192.0.2.2:8080"), patient)
			if err != nil {
				t.Fatal(err)
			}
			beside, err := red1.dial("tcp", netip.MustParseAddrPort("10.9.0.5:8080"), patient)
			if err != nil {
				t.Fatal(err)
			}
			in, err := m.outside.dial("tcp", netip.MustParseAddrPort("[fd09::2]:8080"), patient)
			if err != nil {
				t.Fatal(err)
			}
			red1.policy.Network.Egress = []tenant.NetworkRule{
				{Allow: true, Prefixes: prefixes("192.0.2.0/24", "fd02::/64"), Ports: ports("TCP", 53)},
				{Allow: true, Prefixes: prefixes("10.9.0.5/32"), Ports: ports("UDP", 8080)},
				{Allow: true, Prefixes: prefixes("fd02::2/128"), Ports: ports("UDP", 8080)},
				{Allow: false},
				{Allow: true}, // too late
			}
			red1.policy.Network.Ingress = []tenant.NetworkRule{
				{Allow: true, Prefixes: prefixes("192.0.2.0/25"), Ports: ports("TCP", 8080)},
				{Allow: false, Prefixes: prefixes("0.0.0.0/0", "::/0")},
			}
			red1.wall(m)
			all(t, true, []trial{
				{"allowed", red1.space, "tcp", "192.0.2.2:53", true}, {"allowed", red1.space, "tcp", "[fd02::2]:53", true},
				{"allowed", red1.space, "udp", "[fd02::2]:8080", true}, {"other protocol", red1.space, "udp", "192.0.2.2:53", false},
				{"other port", red1.space, "tcp", "192.0.2.2:8080", false}, {"other protocol", red1.space, "ping", "192.0.2.2", false},
				{"denied", red1.space, "tcp", "10.9.0.5:8080", false}, {"denied", red1.space, "ping", "fd09::5", false},
				{"own", red1.space, "tcp", "10.9.0.3:8080", true}, {"own", red2.space, "udp", "[fd09::2]:8080", true},
				{"allowed in", m.outside, "tcp", "10.9.0.2:8080", true}, {"other port in", m.outside, "tcp", "10.9.0.2:53", false},
				{"other family in", m.outside, "tcp", "[fd09::2]:8080", false}, {"denied in", plain.space, "tcp", "10.9.0.2:8080", false},
				{"denied in", plain.space, "udp", "[fd09::2]:8080", false}, {"the node", m.host, "tcp", "10.9.0.2:53", true},
				{"the node", m.host, "udp", "[fd09::2]:8080", true},
			})
			if l.routed { // on a bridge a datagram is judged alone, a reply too
				all(t, true, []trial{{"reply", red1.space, "udp", "10.9.0.5:8080", true}})
			}
			for name, c := range map[string]net.Conn{"out": before, "beside": beside, "in": in} {
				if err := echo(c, patient); err != nil {
					t.Errorf("the connection %s from before ended: %v", name, err)
				}
			}
			drops := m.drops(red1)
			if drops[network.Egress].Packets == 0 || drops[network.Ingress].Packets == 0 {
				t.Errorf("no drops are counted: %v", drops)
			}
			red1.policy.Network.Egress, red1.policy.Network.Ingress = nil, nil
			red1.wall(m)
			all(t, true, []trial{{"open again", red1.space, "tcp", "192.0.2.2:8080", true}, {"open again", plain.space, "tcp", "10.9.0.2:8080", true}})
			if again := m.drops(red1); again[network.Egress] != drops[network.Egress] {
				t.Errorf("another policy changed what was counted from %v to %v", drops[network.Egress], again[network.Egress])
			}
		})
	}
}

// TestErrors lets ICMP say that nobody listens.
func TestErrors(t *testing.T) {
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, l)
			red1 := m.boxes["red1"]
			m.wall()
			for _, to := range []string{"192.0.2.2:7", "[fd02::2]:7", "10.9.0.5:7", "[fd09::5]:7", "10.9.0.3:7"} {
				if _, err := red1.dial("udp", netip.MustParseAddrPort(to), patient); !errors.Is(err, unix.ECONNREFUSED) {
					t.Errorf("asked where nobody listens, %s: %v, want ECONNREFUSED", to, err)
				}
			}
			if _, err := m.outside.dial("udp", netip.MustParseAddrPort("10.9.0.2:7"), patient); !errors.Is(err, unix.ECONNREFUSED) {
				t.Errorf("asked from outside: %v, want ECONNREFUSED", err)
			}
		})
	}
}

// TestConnections bounds how many a container, and a tenant, have open.
func TestConnections(t *testing.T) {
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, l)
			red1, red2 := m.boxes["red1"], m.boxes["red2"]
			for _, b := range []*box{red1, red2} {
				b.policy.Network.Connections, b.policy.Network.ContainerConnections = 15, 10
			}
			m.wall()
			outside := netip.MustParseAddrPort("192.0.2.2:8080")
			open := func(b *box, most int) (conns []net.Conn) {
				for range most + 3 {
					c, err := b.dial("tcp", outside, 2*time.Second)
					if err != nil {
						break
					}
					conns = append(conns, c)
				}
				return conns
			}
			first := open(red1, 10)
			if len(first) != 10 {
				t.Errorf("%d connections are open, want 10", len(first))
			}
			red1.wall(m) // with the same bound: they are still counted
			if _, err := red1.dial("tcp", outside, impatient); err == nil {
				t.Error("an eleventh is open when the same policy comes again")
			}
			if second := open(red2, 5); len(second) != 5 {
				t.Errorf("the tenant's second container has %d, want 5", len(second))
			}
			all(t, true, []trial{{"another tenant", m.boxes["blue"].space, "tcp", outside.String(), true}})
			drops := m.drops(red1)
			if drops[network.Connections].Packets == 0 {
				t.Errorf("no drops are counted: %v", drops)
			}
			for _, b := range []*box{red1, red2} {
				b.policy.Network.Connections, b.policy.Network.ContainerConnections = 1000, 500
				b.wall(m)
			}
			if _, err := red1.dial("tcp", outside, patient); err != nil {
				t.Error("a higher bound:", err)
			}
		})
	}
}
