package network

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// send sends a frame from the container's interface.
func (c *box) send(frame []byte) {
	c.Helper()
	c.do(func() error {
		l, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Sendto(fd, append(append([]byte{}, frame[:6]...), append(l.Attrs().HardwareAddr, frame[12:]...)...), 0, &unix.SockaddrLinklayer{Ifindex: l.Attrs().Index})
	})
}

// claim asks whether anybody has an address, as somebody does who is about to
// take it. Source: RFC 4862, section 5.4.2.
func claim(of netip.Addr) []byte {
	last := of.AsSlice()[13:]
	to := append([]byte{0: 0xff, 1: 2, 11: 1, 12: 0xff}, last...) // the solicited-node address: RFC 4291, section 2.7.1
	message := append([]byte{135, 0, 0, 0, 0, 0, 0, 0}, of.AsSlice()...)
	sum := uint32(len(message) + unix.IPPROTO_ICMPV6)
	for _, b := range [][]byte{to, message} {
		for ; len(b) > 0; b = b[2:] {
			sum += uint32(binary.BigEndian.Uint16(b))
		}
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(message[2:], ^uint16(sum+sum>>16))
	frame := append([]byte{0x33, 0x33, 0xff, last[0], last[1], last[2], 0, 0, 0, 0, 0, 0, 0x86, 0xdd}, 0x60, 0, 0, 0, 0, byte(len(message)), unix.IPPROTO_ICMPV6, 255)
	return append(append(append(frame, make([]byte, 16)...), to...), message...)
}

// take gives a container a further address, and reports whether it may keep it:
// another that claims it meanwhile has it taken away (RFC 4862, section 5.4.3).
func (c *box) take(of netip.Addr, meanwhile func()) (kept bool) {
	c.Helper()
	c.do(func() error {
		l, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		a, err := netlink.ParseAddr(of.String() + "/64")
		if err != nil {
			return err
		}
		return netlink.AddrAdd(l, a)
	})
	for end := time.Now().Add(patience); time.Now().Before(end); {
		meanwhile()
		flags := 0
		c.do(func() error {
			l, err := netlink.LinkByName("eth0")
			if err != nil {
				return err
			}
			all, err := netlink.AddrList(l, netlink.FAMILY_V6)
			for _, a := range all {
				if a.IP.Equal(net.IP(of.AsSlice())) {
					flags = a.Flags
				}
			}
			return err
		})
		switch {
		case flags&unix.IFA_F_DADFAILED != 0:
			return false
		case flags&unix.IFA_F_TENTATIVE == 0:
			return true
		}
	}
	c.Errorf("%s is tentative still", of)
	return false
}

func TestAddressesOfOthersCannotBeClaimed(t *testing.T) {
	node := bridged(t)
	a, b := node.plug(t, "acme", 2), node.plug(t, "umbrella", 3)
	first, second := netip.MustParseAddr("fd09::aa"), netip.MustParseAddr("fd09::bb")
	if b.take(first, func() { a.send(claim(first)) }) {
		t.Error("without walls nothing happens")
	}
	a.wall(policyOf("acme"), new(tenant.Node))
	if !b.take(second, func() { a.send(claim(second)) }) {
		t.Error("an address that another claims is lost")
	}
	before := a.drops(Spoofed)
	if before == 0 {
		t.Error("no claim is counted")
	}
	if a.send(claim(a.six)); a.drops(Spoofed) != before {
		t.Error("its own address is counted as spoofed")
	}
}

// A client of DHCP has no address, and its question is everybody's.
func TestQuestionsForAddressesDoNotReachContainers(t *testing.T) {
	node := bridged(t)
	a, b := node.plug(t, "acme", 2), node.plug(t, "umbrella", 3)
	var server net.PacketConn
	b.do(func() (err error) {
		server, err = net.ListenPacket("udp4", ":67")
		return err
	})
	defer server.Close()
	packet := []byte{0x45, 0, 0, 29, 0, 0, 0, 0, 64, unix.IPPROTO_UDP, 0x7a, 0xd1, 0, 0, 0, 0, 255, 255, 255, 255, 0, 68, 0, 67, 0, 9, 0, 0, 'x'}
	frame := append([]byte{255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 8, 0}, packet...)
	hears := func() bool {
		a.send(frame)
		if err := server.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		_, _, err := server.ReadFrom(make([]byte, 8))
		return err == nil
	}
	begin, arrived := time.Now(), false
	for ; !arrived && time.Since(begin) < patience; arrived = hears() { // a bridge waits until a port has its carrier
	}
	if !arrived {
		t.Error("without walls it does not arrive")
	}
	b.wall(policyOf("umbrella"), new(tenant.Node))
	a.wall(policyOf("acme"), new(tenant.Node))
	if hears() {
		t.Error("it arrives")
	}
}
