package main

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ping[:ADDRESS] sends an ICMP echo request, to the loopback interface as a
// rule, without CAP_NET_RAW, and waits for the reply.
func init() {
	techniques["ping"] = func(args []string) error {
		to := netip.AddrFrom4([4]byte{127, 0, 0, 1})
		if len(args) > 0 {
			var err error
			if to, err = netip.ParseAddr(strings.Join(args, ":")); err != nil {
				return err
			}
		}
		return ping(to)
	}
	techniques["ping6"] = func([]string) error { return ping(netip.IPv6Loopback()) }
}

// echoing bounds how long a reply may take.
var echoing = 2 * time.Second

func ping(to netip.Addr) error {
	const request, request6 = 8, 128 // RFC 792, 4443
	if to.Is4() {
		return echo(unix.AF_INET, unix.IPPROTO_ICMP, request, &unix.SockaddrInet4{Addr: to.As4()})
	}
	return echo(unix.AF_INET6, unix.IPPROTO_ICMPV6, request6, &unix.SockaddrInet6{Addr: to.As16()})
}

func echo(family, protocol int, request byte, to unix.Sockaddr) error {
	fd, err := unix.Socket(family, unix.SOCK_DGRAM, protocol)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	wait := unix.NsecToTimeval(echoing.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
		return err
	}
	message := [8]byte{0: request, 7: 1} // the kernel fills the identifier and the checksum in
	if err := unix.Sendto(fd, message[:], 0, to); err != nil {
		return err
	}
	n, _, err := unix.Recvfrom(fd, message[:], 0)
	if err == nil && n == 0 {
		err = errors.New("empty")
	}
	return err
}
