package walls

import (
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
)

// crossing is a frame from one neighbour to another.
type crossing struct {
	name     string
	from, to *box
	frame    []byte
	open     bool // behind walls
	reason   network.Reason
}

// crossings are honest ones and forged ones.
func crossings(m *machine) []crossing {
	red1, red2, blue, plain := m.boxes["red1"], m.boxes["red2"], m.boxes["blue"], m.boxes["plain"]
	gateway, nodes := netip.MustParseAddr("10.9.0.1"), netip.MustParseAddr("ff02::1")
	mdns := ether(net.HardwareAddr{1, 0, 0x5e, 0, 0, 0xfb}, red1.mac, 0x0800, ipv4Of(red1.four, netip.MustParseAddr("224.0.0.251"), 5353, 5353))
	all6 := net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}
	return []crossing{
		{"unicast", red1, red2, ether(red2.mac, red1.mac, 0x0800, ipv4Of(red1.four, red2.four, 1, 1)), true, ""},
		{"unicast", red1, blue, ether(blue.mac, red1.mac, 0x0800, ipv4Of(red1.four, blue.four, 1, 1)), false, network.Tenants},
		{"unicast to a group", red1, blue, ether(blue.mac, red1.mac, 0x0800, ipv4Of(red1.four, netip.MustParseAddr("224.0.0.1"), 1, 1)), false, network.Tenants},
		{"unicast to far away", red1, blue, ether(blue.mac, red1.mac, 0x0800, ipv4Of(red1.four, netip.MustParseAddr("192.0.2.2"), 1, 1)), false, network.Tenants},
		{"broadcast", red1, red2, ether(broadcast, red1.mac, 0x0800, ipv4Of(red1.four, netip.MustParseAddr("10.9.0.255"), 2, 2)), false, network.Tenants},
		{"broadcast", red1, blue, ether(broadcast, red1.mac, 0x0800, ipv4Of(red1.four, netip.MustParseAddr("10.9.0.255"), 3, 3)), false, ""},
		{"mDNS", red1, red2, mdns, false, network.Tenants},
		{"mDNS", red1, blue, mdns, false, ""},
		{"ARP", red1, blue, ether(broadcast, red1.mac, 0x0806, arpOf(1, red1.mac, red1.four, blue.four)), false, ""},
		{"solicitation", red1, blue, ether(all6, red1.mac, 0x86dd, icmpv6Of(red1.six, nodes, 135, 1, blue.six, red1.mac)), false, ""},
		{"solicitation, link-local", red1, blue, ether(all6, red1.mac, 0x86dd, icmpv6Of(eui64(red1.mac), nodes, 135, 1, blue.six, red1.mac)), false, ""},
		{"honest ARP", plain, red1, ether(broadcast, plain.mac, 0x0806, arpOf(1, plain.mac, plain.four, red1.four)), true, ""},
		{"ARP for the gateway", plain, red1, ether(broadcast, plain.mac, 0x0806, arpOf(2, plain.mac, gateway, gateway)), false, ""},
		{"advertisement for the gateway", plain, red1, ether(all6, plain.mac, 0x86dd,
			icmpv6Of(plain.six, nodes, 136, 2, netip.MustParseAddr("fd09::1"), plain.mac)), false, ""},
		{"router advertisement", plain, red1, ether(all6, plain.mac, 0x86dd, icmpv6Of(eui64(plain.mac), nodes, 134, 0, nodes, plain.mac)), false, ""},
	}
}

// TestBeside sends frames between neighbours on a bridge: what is honest
// reaches the same tenant's, and not another's; what a neighbour without walls
// forges reaches neither.
func TestBeside(t *testing.T) {
	for _, l := range layouts {
		if l.routed {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, l)
			for _, x := range crossings(m) {
				heard := func(want bool) bool {
					in, out := x.to.packets("eth0", unix.ETH_P_ALL), x.from.packets("eth0", unix.ETH_P_ALL)
					if err := unix.Sendto(out, x.frame, 0, &unix.SockaddrLinklayer{Ifindex: x.from.index("eth0"), Halen: 6}); err != nil {
						t.Fatalf("%s: %v", x.name, err)
					}
					patience := impatient
					if want {
						patience = patient
					}
					return hears(in, x.frame, patience)
				}
				if !heard(true) {
					t.Errorf("%s to %s: not heard without walls", x.name, x.to.ID)
				}
				m.wall()
				before := m.drops(x.from)[network.Tenants]
				if heard(x.open) != x.open {
					t.Errorf("%s to %s behind walls: heard %v, want %v", x.name, x.to.ID, !x.open, x.open)
				}
				if after := m.drops(x.from)[network.Tenants]; x.reason != "" && after.Packets == before.Packets {
					t.Errorf("%s to %s is counted %d times, want more than %d", x.name, x.to.ID, after.Packets, before.Packets)
				}
				for _, b := range []string{"red1", "red2", "blue"} {
					m.host.try(func() error { return network.Undo(m.boxes[b].Name) })
				}
			}
			if left := m.host.nft("", "list", "tables"); left != "table ip nat\n" {
				t.Errorf("the last Undo left:\n%s", left)
			}
		})
	}
}
