package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// payload is what a full Ethernet frame carries of UDP over IPv4.
const payload = 1472

// stream is the two ends of a flow: "send" offers as much as it can, or so many
// bits a second, and "receive" says what arrived. With a number of bytes each
// write is so long, and each datagram is one.
func stream(args []string) {
	const usage = "usage: probe receive tcp|udp ADDRESS MILLISECONDS | send tcp|udp ADDRESS MILLISECONDS [BITS-PER-SECOND [BYTES]]"
	if len(args) < 4 || args[1] != "tcp" && args[1] != "udp" {
		fail(usage)
	}
	milliseconds, err := strconv.Atoi(args[3])
	if err != nil || milliseconds <= 0 {
		fail(usage)
	}
	wall := min(time.Duration(milliseconds)*time.Millisecond, patience)
	if args[0] == "receive" {
		receive(args[1], args[2], wall)
		return
	}
	var options [2]int
	for i, arg := range args[4:min(len(args), 4+len(options))] {
		if options[i], err = strconv.Atoi(arg); err != nil || options[i] < 0 {
			fail(usage)
		}
	}
	send(args[1], args[2], wall, options[0], min(options[1], payload))
}

// receive takes one TCP connection, or the datagrams of anyone, for so long from
// the first byte on. It prints how many bytes followed the first read, and how
// many microseconds after it the last of them came: so neither a burst at the
// beginning nor a wait at the end counts.
func receive(network, address string, wall time.Duration) {
	in, listening := listen(network, address)
	fmt.Println("listening", listening)
	buffer := make([]byte, 1<<18)
	from := in()
	_ = from.SetReadDeadline(time.Now().Add(patience))
	if _, err := from.Read(buffer); err != nil {
		fail("receive: " + err.Error())
	}
	begin := time.Now()
	_ = from.SetReadDeadline(begin.Add(wall))
	last, bytes, reads := begin, 0, 0
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			last, bytes, reads = time.Now(), bytes+n, reads+1
		}
		if err != nil {
			break
		}
	}
	fmt.Println("bytes", bytes)
	fmt.Println("reads", reads)
	fmt.Println("microseconds", last.Sub(begin).Microseconds())
}

func listen(network, address string) (accept func() net.Conn, at string) {
	if network == "udp" {
		c, err := net.ListenPacket(network, address)
		if err != nil {
			fail(err.Error())
		}
		udp := c.(*net.UDPConn)
		option(udp, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20)
		option(udp, unix.IPPROTO_UDP, unix.UDP_GRO, 1)
		return func() net.Conn { return udp }, c.LocalAddr().String()
	}
	l, err := net.Listen(network, address)
	if err != nil {
		fail(err.Error())
	}
	return func() net.Conn {
		_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
		c, err := l.Accept()
		if err != nil {
			fail("receive: " + err.Error())
		}
		return c
	}, l.Addr().String()
}

func option(c *net.UDPConn, level, name, value int) {
	raw, err := c.SyscallConn()
	if err != nil {
		fail(err.Error())
	}
	var refused error
	if err := raw.Control(func(fd uintptr) { refused = unix.SetsockoptInt(int(fd), level, name, value) }); err != nil || refused != nil {
		fail(fmt.Sprint("socket option: ", err, refused))
	}
}

// send writes until the time is up, in pieces that a rate paces each
// millisecond. It prints how many bytes it offered.
func send(network, address string, wall time.Duration, rate, bytes int) {
	c, err := net.DialTimeout(network, address, wall)
	if err != nil {
		fail(err.Error())
	}
	piece := make([]byte, payload)
	switch udp, ok := c.(*net.UDPConn); {
	case bytes > 0:
		piece = make([]byte, bytes)
	case !ok:
		piece = make([]byte, 1<<16)
	case rate == 0 || rate > 100_000_000: // more than one system call a datagram can do
		piece = make([]byte, 40*payload)
		option(udp, unix.IPPROTO_UDP, unix.UDP_SEGMENT, payload)
	}
	begin := time.Now()
	_ = c.SetWriteDeadline(begin.Add(wall))
	offered := 0
	for time.Since(begin) < wall {
		if rate > 0 && float64(offered)*8 > float64(rate)*time.Since(begin).Seconds() {
			time.Sleep(time.Millisecond)
			continue
		}
		n, err := c.Write(piece)
		offered += n
		// A datagram may be refused where a queue is full.
		if errors.Is(err, os.ErrDeadlineExceeded) || err != nil && network == "tcp" {
			break
		}
	}
	fmt.Println("offered", offered)
}
