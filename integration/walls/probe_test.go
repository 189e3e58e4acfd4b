package walls

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"
)

// A probe waits for an answer that must come longer than for one that must
// not: TCP asks again within a second.
const (
	patient   = 5 * time.Second
	impatient = 250 * time.Millisecond
)

// serve echoes what comes to a port, over both protocols and families.
func (s *space) serve(port int) {
	s.Helper()
	s.try(func() error {
		l, err := net.Listen("tcp", fmt.Sprintf("[::]:%d", port))
		if err != nil {
			return err
		}
		s.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					_, _ = io.Copy(c, c)
				}()
			}
		}()
		// A socket an address: an answer leaves with the one that was asked.
		addresses, err := net.InterfaceAddrs()
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, a := range addresses {
			ip := a.(*net.IPNet).IP
			if seen[ip.String()] || ip.IsLinkLocalUnicast() && ip.To4() == nil {
				continue
			}
			seen[ip.String()] = true
			u, err := net.ListenPacket("udp", net.JoinHostPort(ip.String(), strconv.Itoa(port)))
			if err != nil {
				return err
			}
			s.Cleanup(func() { u.Close() })
			go func() {
				b := make([]byte, 2048)
				for {
					n, from, err := u.ReadFrom(b)
					if err != nil {
						return
					}
					_, _ = u.WriteTo(b[:n], from)
				}
			}()
		}
		return nil
	})
}

// dial opens a connection that says something and hears it.
func (s *space) dial(network string, to netip.AddrPort, patience time.Duration) (c net.Conn, err error) {
	s.Helper()
	s.do(func() { c, err = net.DialTimeout(network, to.String(), patience) })
	if err != nil {
		return nil, err
	}
	s.Cleanup(func() { c.Close() })
	return c, echo(c, patience)
}

func echo(c net.Conn, patience time.Duration) error {
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write([]byte("hello")); err != nil {
		return err
	}
	b := make([]byte, 5)
	if _, err := io.ReadFull(c, b); err != nil {
		return err
	}
	if string(b) != "hello" {
		return fmt.Errorf("heard %q", b)
	}
	return nil
}

var pings atomic.Uint32

// ping sends an echo request and waits for its reply.
func (s *space) ping(to netip.Addr, patience time.Duration) (err error) {
	s.Helper()
	network, request, reply := "ip4:icmp", byte(8), byte(0)
	if to.Is6() {
		network, request, reply = "ip6:ipv6-icmp", 128, 129
	}
	s.do(func() {
		var c net.Conn
		if c, err = net.DialTimeout(network, to.String(), patience); err != nil {
			return
		}
		defer c.Close()
		m := []byte{request, 0, 0, 0, 0, 0, 0, 1, 'p', 'i', 'n', 'g'}
		binary.BigEndian.PutUint16(m[4:], uint16(pings.Add(1))) // a connection of its own
		if to.Is4() {
			binary.BigEndian.PutUint16(m[2:], checksum(m))
		}
		_ = c.SetDeadline(time.Now().Add(patience))
		if _, err = c.Write(m); err != nil {
			return
		}
		b := make([]byte, 1500)
		for {
			var n int
			if n, err = c.Read(b); err != nil {
				return
			}
			packet := b[:n]
			if to.Is4() && packet[0]>>4 == 4 {
				packet = packet[20:] // Read leaves IPv4's header on
			}
			if packet[0] == reply && bytes.Equal(packet[4:], m[4:]) {
				return
			}
		}
	})
	return err
}

// checksum is the Internet's. Source: RFC 1071.
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		if i+1 == len(b) {
			sum += uint32(b[i]) << 8
		} else {
			sum += uint32(binary.BigEndian.Uint16(b[i:]))
		}
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
