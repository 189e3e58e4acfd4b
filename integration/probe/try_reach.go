package main

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// reaching bounds how long a technique waits for somebody who may be behind a
// wall.
const reaching = 700 * time.Millisecond

func init() {
	techniques["tcp"] = connect
	techniques["from"] = connectFrom
	techniques["flows"] = countFlows
	techniques["scatter"] = scatter
	techniques["udp"] = exchange
}

// connect connects to ADDRESS:PORT.
func connect(args []string) error {
	c, err := dial("tcp", args)
	if err != nil {
		return err
	}
	return c.Close()
}

// connectFrom connects from an IPv4 address, ADDRESS:ADDRESS:PORT.
func connectFrom(args []string) error {
	from, err := netip.ParseAddr(argument(args, 0))
	if err != nil {
		return err
	}
	d := net.Dialer{Timeout: reaching, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))}
	c, err := d.Dial("tcp", argument(args, 1)+":"+argument(args, 2))
	if err != nil {
		return timeout(err)
	}
	return c.Close()
}

// countFlows counts connections that it gets at once, COUNT:ADDRESS:PORT.
func countFlows(args []string) error {
	most, err := strconv.Atoi(argument(args, 0))
	if err != nil {
		return err
	}
	var open int
	for range min(most, 200) {
		c, err := dial("tcp", args[1:])
		if err != nil {
			break
		}
		defer c.Close()
		open++
	}
	return errors.New(strconv.Itoa(open))
}

// scatter sends a datagram to so many ports, COUNT:ADDRESS.
func scatter(args []string) error {
	most, err := strconv.Atoi(argument(args, 0))
	if err != nil {
		return err
	}
	to, err := netip.ParseAddr(argument(args, 1))
	if err != nil {
		return err
	}
	c, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return err
	}
	defer c.Close()
	for port := range min(most, 20_000) {
		if _, err := c.WriteToUDPAddrPort([]byte("x"), netip.AddrPortFrom(to, uint16(10_000+port))); err != nil && !errors.Is(err, unix.ECONNREFUSED) {
			return err
		}
	}
	return nil
}

// exchange wants an answer to a datagram, ADDRESS:PORT.
func exchange(args []string) error {
	c, err := dial("udp", args)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Write([]byte("x")); err != nil {
		return err
	}
	if err := c.SetReadDeadline(time.Now().Add(reaching)); err != nil {
		return err
	}
	_, err = c.Read(make([]byte, 8))
	return timeout(err)
}

// dial connects to an address that may have colons.
func dial(network string, args []string) (net.Conn, error) {
	argument(args, 1)
	last := len(args) - 1
	c, err := net.DialTimeout(network, net.JoinHostPort(strings.Join(args[:last], ":"), args[last]), reaching)
	return c, timeout(err)
}

func timeout(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, new(net.Error)) && strings.HasSuffix(err.Error(), "timeout") {
		return unix.ETIMEDOUT
	}
	return err
}
