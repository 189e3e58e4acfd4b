package walls

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
)

var broadcast = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// ether is a frame of at least Ethernet's length.
func ether(to, from net.HardwareAddr, kind uint16, body ...[]byte) []byte {
	f := append(append([]byte{}, to...), from...)
	f = binary.BigEndian.AppendUint16(f, kind)
	for _, b := range body {
		f = append(f, b...)
	}
	for len(f) < 60 {
		f = append(f, 0)
	}
	return f
}

func arpOf(op uint16, mac net.HardwareAddr, from netip.Addr, to netip.Addr) []byte {
	b := []byte{0, 1, 8, 0, 6, 4}
	b = binary.BigEndian.AppendUint16(b, op)
	b = append(append(b, mac...), from.AsSlice()...)
	return append(append(b, make([]byte, 6)...), to.AsSlice()...)
}

func ipv4Of(from, to netip.Addr, sport, dport uint16) []byte {
	udp := binary.BigEndian.AppendUint16(nil, sport)
	udp = binary.BigEndian.AppendUint16(udp, dport)
	udp = append(append(udp, 0, 28, 0, 0), "as long as a frame is"[:20]...) // nothing to pad, which is cut off
	b := []byte{0x45, 0, 0, byte(20 + len(udp)), 0, 1, 0, 0, 64, 17, 0, 0}
	b = append(append(b, from.AsSlice()...), to.AsSlice()...)
	binary.BigEndian.PutUint16(b[10:], checksum(b))
	return append(b, udp...)
}

// icmpv6Of has a target, and an option with a link-layer address.
func icmpv6Of(from, to netip.Addr, kind, option byte, target netip.Addr, mac net.HardwareAddr) []byte {
	m := append([]byte{kind, 0, 0, 0, 0x20, 0, 0, 0}, target.AsSlice()...)
	m = append(append(m, option, 1), mac...)
	pseudo := append(append([]byte{}, from.AsSlice()...), to.AsSlice()...)
	pseudo = append(pseudo, 0, 0, 0, byte(len(m)), 0, 0, 0, 58)
	binary.BigEndian.PutUint16(m[2:], checksum(append(pseudo, m...)))
	b := append([]byte{0x60, 0, 0, 0, 0, byte(len(m)), 58, 255}, from.AsSlice()...)
	return append(append(b, to.AsSlice()...), m...)
}

// packets opens a socket on an interface. One for a single kind of frame sees
// what the netdev ingress hook has let through.
func (s *space) packets(device string, kind uint16) (fd int) {
	s.Helper()
	s.try(func() error {
		l, err := netlink.LinkByName(device)
		if err != nil {
			return err
		}
		big := kind<<8 | kind>>8
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(big)); err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: big, Ifindex: l.Attrs().Index})
	})
	s.Cleanup(func() { unix.Close(fd) })
	return fd
}

// hears says whether a frame reaches a socket soon.
func hears(fd int, frame []byte, patience time.Duration) bool {
	b := make([]byte, 2048)
	for end := time.Now().Add(patience); ; {
		left := time.Until(end)
		if left <= 0 {
			return false
		}
		if n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(left.Milliseconds())+1); err != nil || n == 0 {
			continue
		}
		if n, _, err := unix.Recvfrom(fd, b, unix.MSG_DONTWAIT); err == nil && bytes.Equal(b[:n], frame) {
			return true
		}
	}
}

// forgery is a frame from red1.
type forgery struct {
	name   string
	frame  []byte
	reason network.Reason // that counts it; empty: it is honest and passes
	quiet  bool           // nobody hears it without walls either, as it is sent: tags are kept beside a frame, others end at a bridge
}

func forgeries(m *machine) []forgery {
	red1, blue := m.boxes["red1"], m.boxes["blue"]
	gateway, gateway6 := netip.MustParseAddr("10.9.0.1"), netip.MustParseAddr("fd09::1")
	everybody, nodes := netip.MustParseAddr("255.255.255.255"), netip.MustParseAddr("ff02::1")
	local, zero, nobody := eui64(red1.mac), netip.IPv4Unspecified(), netip.IPv6Unspecified()
	v4 := func(mac net.HardwareAddr, from netip.Addr) []byte {
		return ether(broadcast, mac, 0x0800, ipv4Of(from, everybody, 1000, 1000))
	}
	nd := func(from netip.Addr, kind, option byte, target netip.Addr, mac net.HardwareAddr) []byte {
		return ether(net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}, red1.mac, 0x86dd, icmpv6Of(from, nodes, kind, option, target, mac))
	}
	arps := func(op uint16, mac net.HardwareAddr, from, to netip.Addr) []byte {
		return ether(broadcast, red1.mac, 0x0806, arpOf(op, mac, from, to))
	}
	return []forgery{
		{"honest IPv4", ether(m.boxes["plain"].mac, red1.mac, 0x0800, ipv4Of(red1.four, m.boxes["plain"].four, 1000, 1000)), "", false},
		{"broadcast", v4(red1.mac, red1.four), network.Tenants, false},
		{"honest ARP", arps(1, red1.mac, red1.four, m.boxes["plain"].four), "", false},
		{"honest announcement", arps(2, red1.mac, red1.four, red1.four), "", false},
		{"honest probe", arps(1, red1.mac, zero, red1.four), "", false},
		{"honest solicitation", nd(red1.six, 135, 1, m.boxes["plain"].six, red1.mac), "", false},
		{"honest solicitation, link-local", nd(local, 135, 1, gateway6, red1.mac), "", false},
		{"honest advertisement", nd(red1.six, 136, 2, red1.six, red1.mac), "", false},
		{"honest detection of a duplicate", nd(nobody, 135, 14, red1.six, red1.mac), "", false},
		{"another's MAC", v4(blue.mac, red1.four), network.Spoofed, false},
		{"another's IPv4", v4(red1.mac, blue.four), network.Spoofed, false},
		{"the gateway's IPv4", v4(red1.mac, gateway), network.Spoofed, false},
		{"no IPv4", v4(red1.mac, zero), network.Spoofed, false},
		{"another's IPv6", ether(broadcast, red1.mac, 0x86dd, icmpv6Of(blue.six, nodes, 128, 0, blue.six, red1.mac)), network.Spoofed, false},
		{"ARP for another", arps(2, red1.mac, blue.four, blue.four), network.Spoofed, false},
		{"ARP for the gateway", arps(1, red1.mac, gateway, red1.four), network.Spoofed, false},
		{"ARP with another's MAC", arps(1, blue.mac, red1.four, gateway), network.Spoofed, false},
		{"ARP probe for another", arps(1, red1.mac, zero, blue.four), network.Tenants, false},
		{"ARP cut short", ether(broadcast, red1.mac, 0x0806)[:20], network.Spoofed, true},
		{"router advertisement", nd(local, 134, 0, nobody, red1.mac), network.Spoofed, false},
		{"redirect", nd(local, 137, 0, blue.six, red1.mac), network.Spoofed, false},
		{"advertisement for another", nd(red1.six, 136, 2, blue.six, red1.mac), network.Spoofed, false},
		{"advertisement for the gateway", nd(local, 136, 2, gateway6, red1.mac), network.Spoofed, false},
		{"advertisement with another's MAC", nd(red1.six, 136, 2, red1.six, blue.mac), network.Spoofed, false},
		{"solicitation from another", nd(blue.six, 135, 1, gateway6, red1.mac), network.Spoofed, false},
		{"solicitation with another's MAC", nd(red1.six, 135, 1, gateway6, blue.mac), network.Spoofed, false},
		{"another's detection of a duplicate", nd(nobody, 135, 14, blue.six, red1.mac), network.Spoofed, false},
		{"multicast from its link-local address", ether(broadcast, red1.mac, 0x86dd, icmpv6Of(local, nodes, 128, 0, local, red1.mac)), network.Tenants, false},
		{"DHCP's answer", ether(broadcast, red1.mac, 0x0800, ipv4Of(red1.four, everybody, 67, 68)), network.Spoofed, false},
		{"metadata", ether(m.boxes["plain"].mac, red1.mac, 0x0800, ipv4Of(red1.four, netip.MustParseAddr("169.254.169.254"), 1, 80)), network.Metadata, false},
		{"a VLAN's", ether(broadcast, red1.mac, 0x8100, []byte{0, 5, 8, 0}, ipv4Of(red1.four, everybody, 1000, 1000)), network.Spoofed, true},
		{"two VLANs'", ether(broadcast, red1.mac, 0x88a8, []byte{0, 5, 0x81, 0, 0, 6, 8, 0}, ipv4Of(red1.four, everybody, 1000, 1000)), network.Spoofed, true},
		{"an unknown kind", ether(broadcast, red1.mac, 0x88b5, []byte("mark")), network.Spoofed, false},
		{"a bridge's own", ether(net.HardwareAddr{1, 0x80, 0xc2, 0, 0, 0}, red1.mac, 38, []byte{0x42, 0x42, 3}), network.Spoofed, true},
	}
}

// TestForgeries sends raw frames from inside, which its neighbour without
// walls, or the node, gets only where there are none.
func TestForgeries(t *testing.T) {
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, l)
			red1 := m.boxes["red1"]
			out := red1.packets("eth0", unix.ETH_P_ALL)
			heard := func(f forgery, patience time.Duration) bool {
				kind := binary.BigEndian.Uint16(f.frame[12:])
				at, device := m.boxes["plain"].space, "eth0"
				if l.routed {
					at, device = m.host, "veth2"
				} else {
					kind = unix.ETH_P_ALL
				}
				in := at.packets(device, kind)
				if err := unix.Sendto(out, f.frame, 0, &unix.SockaddrLinklayer{Ifindex: red1.index("eth0"), Halen: 6}); err != nil {
					t.Fatalf("%s: %v", f.name, err)
				}
				return hears(in, f.frame, patience)
			}
			for _, f := range forgeries(m) {
				if f.quiet {
					continue
				}
				if !heard(f, patient) {
					t.Errorf("%s: not heard without walls", f.name)
				}
			}
			m.wall()
			for _, f := range forgeries(m) {
				before := m.drops(red1)
				patience := impatient / 2
				if f.reason == "" {
					patience = patient
				}
				got := heard(f, patience)
				after := m.drops(red1)
				switch rose := before[network.Spoofed] != after[network.Spoofed] || before[network.Metadata] != after[network.Metadata]; {
				case f.reason == "" && !got:
					t.Errorf("%s: not heard behind walls", f.name)
				case f.reason == "" && rose:
					t.Errorf("%s: counted: %v, then %v", f.name, before, after)
				case f.reason != "" && got:
					t.Errorf("%s: heard behind walls", f.name)
				case f.reason != "" && after[f.reason].Packets <= before[f.reason].Packets:
					t.Errorf("%s: %s is counted %d times, want more than %d", f.name, f.reason, after[f.reason].Packets, before[f.reason].Packets)
				}
			}
		})
	}
}

// eui64 is the link-local address of an interface. Source: RFC 4291, appendix A.
func eui64(m net.HardwareAddr) netip.Addr {
	return netip.AddrFrom16([16]byte{0xfe, 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5]})
}

// index is an interface's number.
func (s *space) index(device string) (index int) {
	s.Helper()
	s.try(func() error {
		l, err := netlink.LinkByName(device)
		if err == nil {
			index = l.Attrs().Index
		}
		return err
	})
	return index
}
