package walls

import (
	"net"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
)

// TestUsual sends frames that are the container's own, of which only the
// destinations tell whether they are what is usual, and sees who counts them.
func TestUsual(t *testing.T) {
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, l)
			m.wall()
			red1, red2, blue := m.boxes["red1"], m.boxes["red2"], m.boxes["blue"]
			node := m.gate()
			out := red1.packets("eth0", unix.ETH_P_ALL)
			for _, x := range []struct {
				name   string
				to     net.HardwareAddr
				ip     string
				reason network.Reason // empty: it passes
			}{
				{"a friend", red2.mac, red2.four.String(), ""},
				{"a friend", red2.mac, red2.six.String(), ""},
				{"elsewhere", node, "192.0.2.2", ""},
				{"elsewhere", node, "fd02::2", ""},
				{"a stranger behind a friend", red2.mac, blue.four.String(), network.Tenants},
				{"a stranger behind a friend", red2.mac, blue.six.String(), network.Tenants},
				{"a friend at a stranger", blue.mac, red2.four.String(), network.Tenants},
				{"a friend at a stranger", blue.mac, red2.six.String(), network.Tenants},
				{"a stranger behind the node", node, blue.four.String(), network.Tenants},
				{"a stranger behind the node", node, blue.six.String(), network.Tenants},
				{"metadata behind the node", node, "169.254.169.254", network.Metadata},
				{"metadata behind the node", node, "fd00:ec2::254", network.Metadata},
				{"metadata behind a friend", red2.mac, "169.254.169.254", network.Metadata},
				{"metadata behind a friend", red2.mac, "fd00:ec2::254", network.Metadata},
				{"link-local", node, "fe80::1234", network.Metadata},
				{"loopback of the node", node, "127.0.0.1", network.Spoofed},
				{"loopback of a friend", red2.mac, "127.0.0.1", network.Spoofed},
			} {
				to, kind, body := netip.MustParseAddr(x.ip), uint16(0x0800), []byte(nil)
				if to.Is4() {
					body = ipv4Of(red1.four, to, 1000, 1000)
				} else {
					kind, body = 0x86dd, udp6Of(red1.six, to)
				}
				before := m.drops(red1)
				if err := unix.Sendto(out, ether(x.to, red1.mac, kind, body), 0, &unix.SockaddrLinklayer{Ifindex: red1.index("eth0"), Halen: 6}); err != nil {
					t.Fatalf("%s (%s): %v", x.name, x.ip, err)
				}
				after := m.drops(red1)
				for _, r := range network.Reasons {
					was, is := before[r].Packets, after[r].Packets
					switch {
					case r == x.reason && is == was:
						t.Errorf("%s (%s): %s is counted %d times as before, want more", x.name, x.ip, r, is)
					case r != x.reason && r != network.Tenants && is != was: // its kernel speaks to groups meanwhile
						t.Errorf("%s (%s): %s is counted %d times, want %d", x.name, x.ip, r, is, was)
					}
				}
			}
		})
	}
}

// gate is the hardware address at which the node receives what red1 sends.
func (m *machine) gate() (mac net.HardwareAddr) {
	m.Helper()
	name := "br0"
	if m.routed {
		name = m.boxes["red1"].facts.Interfaces[0].Host
	}
	m.host.try(func() error {
		l, err := netlink.LinkByName(name)
		if err == nil {
			mac = l.Attrs().HardwareAddr
		}
		return err
	})
	return mac
}

func udp6Of(from, to netip.Addr) []byte {
	udp := []byte{3, 232, 3, 232, 0, 12, 0, 0, 'w', 'a', 'l', 'l'}
	pseudo := append(append([]byte{}, from.AsSlice()...), to.AsSlice()...)
	pseudo = append(pseudo, 0, 0, 0, byte(len(udp)), 0, 0, 0, 17)
	sum := checksum(append(pseudo, udp...))
	udp[6], udp[7] = byte(sum>>8), byte(sum)
	b := append([]byte{0x60, 0, 0, 0, 0, byte(len(udp)), 17, 64}, from.AsSlice()...)
	return append(append(b, to.AsSlice()...), udp...)
}
