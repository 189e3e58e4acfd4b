package guard

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

func TestInterfaceIsClosedUntilItIsKnown(t *testing.T) {
	l := newLab(t)
	first := l.plug(1)
	g := l.raise(Facts{Known: []int{1, first}})
	second := l.plug(2)
	for _, ns := range []*os.File{l.inside, l.node} {
		l.serve(ns, 80)
	}
	for _, to := range []string{"10.1.0.1:80", "[fd01::1]:80", "127.0.0.1:80", "[::1]:80"} {
		l.reaches(l.inside, to)
	}
	l.doesNotReach(l.inside, "10.2.0.1:80")
	l.doesNotReach(l.inside, "[fd02::1]:80")
	l.doesNotReach(l.node, "10.2.0.2:80")
	l.doesNotReach(l.node, "[fd02::2]:80")
	l.must(g.Follow(Facts{Known: []int{1, first, second}}))
	for _, to := range []string{"10.2.0.1:80", "[fd02::1]:80"} {
		l.reaches(l.inside, to)
	}
	l.reaches(l.node, "10.2.0.2:80")
	l.must(g.Follow(Facts{Known: []int{1, second}}))
	l.doesNotReach(l.inside, "10.1.0.1:80")
	l.must(g.Remove())
	l.reaches(l.inside, "10.1.0.1:80")
}

// intruder tries what a process with CAP_NET_ADMIN in the namespace could do to
// a guard.
func (l *lab) intruder(try func(c *nft.Conn) error) (err error) {
	l.Helper()
	l.on(l.inside, func() error {
		c, dialed := nft.Dial()
		if dialed != nil {
			return dialed
		}
		defer c.Close()
		err = try(c)
		return nil
	})
	return err
}

func TestGuardIsItsOwners(t *testing.T) {
	l := newLab(t)
	index := l.plug(1)
	l.serve(l.node, 80)
	g := l.raise(Facts{Known: []int{1}})
	for _, change := range []nft.Command{
		packets.Delete(), packets.FlushChain("out"), packets.DeleteChain("out"), known(packets).Put(index), known(packets).Flush(),
		packets.AddRule("out", nft.Rule{nft.Accept()}), packets.Add(),
	} {
		if err := l.intruder(func(c *nft.Conn) error { return c.Run(nft.Script{change}) }); !errors.Is(err, unix.EPERM) {
			t.Errorf("%s: %v", change, err)
		}
	}
	if _, err := Raise(l.inside, Facts{Known: []int{1, index}}); !errors.Is(err, unix.EPERM) {
		t.Errorf("a second owner: %v", err)
	}
	l.doesNotReach(l.inside, "10.1.0.1:80")

	g.Leave()
	persists := Ownerships()[0] == nft.Persisted
	if got := dial(l.inside, "10.1.0.1:80", 300*time.Millisecond) == nil; got == persists {
		t.Errorf("without its owner the guard lets through: %v", got)
	}
	// What is left is replaced, with all that it had.
	again := l.raise(Facts{Known: []int{1, index}})
	l.reaches(l.inside, "10.1.0.1:80")
	if err := l.intruder(func(c *nft.Conn) error { return c.Run(nft.Script{packets.Delete()}) }); !errors.Is(err, unix.EPERM) {
		t.Errorf("after it was taken over: %v", err)
	}
	l.must(again.Remove())
	if err := l.intruder(func(c *nft.Conn) error { return c.Run(nft.Script{packets.Add(), packets.Delete()}) }); err != nil {
		t.Errorf("after its end: %v", err)
	}
}

func TestRawFramesWaitForTheirInterface(t *testing.T) {
	if !ClosesRaw(running()) {
		t.Skip("this kernel has no hook for devices that are not there yet")
	}
	l := newLab(t)
	first := l.plug(1)
	g := l.raise(Facts{Known: []int{1, first}, Raw: true})
	second := l.plug(2)
	frame := append([]byte{255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 0x88, 0xb5}, make([]byte, 46)...)
	send := func(index int) (err error) {
		l.on(l.inside, func() error {
			fd, opened := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
			if opened != nil {
				return opened
			}
			defer unix.Close(fd)
			err = unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: index})
			return nil
		})
		return err
	}
	if err := send(first); err != nil {
		t.Errorf("by a known interface: %v", err)
	}
	if err := send(second); !errors.Is(err, unix.ENOBUFS) { // what the kernel says of a dropped frame
		t.Errorf("by one that is not known: %v", err)
	}
	l.on(l.inside, func() error {
		link, err := netlink.LinkByIndex(second)
		if err != nil {
			return err
		}
		return errors.Join(netlink.LinkSetDown(link), netlink.LinkSetName(link, "other"), netlink.LinkSetUp(link))
	})
	if err := send(second); !errors.Is(err, unix.ENOBUFS) {
		t.Errorf("by one that was renamed: %v", err)
	}
	l.must(g.Follow(Facts{Known: []int{1, first, second}}))
	if err := send(second); err != nil {
		t.Errorf("when it is known: %v", err)
	}
	l.must(g.Remove())
}

func TestNeighboursAreFew(t *testing.T) {
	const flood = 300 // the table is the whole machine's, 1024 by default
	l := newLab(t)
	f := Facts{Known: []int{1, l.plug(1)}, Gateways: []netip.Addr{netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("fd01::1")}}
	before := l.neighbours()
	l.datagrams(1, 1000, 1000+flood)
	if got := l.neighbours() - before; got < 2*asked {
		t.Errorf("without the guard %d datagrams make %d entries", flood, got)
	}
	l.on(l.inside, func() error { return forget() })
	f.Neighbours = true
	l.raise(f)
	before = l.neighbours()
	l.datagrams(1, 1000, 1000+flood)
	if got := l.neighbours() - before; got > asked || got < asked/2 {
		t.Errorf("with the guard %d datagrams make %d entries, want %d", flood, got, asked)
	}
	l.serve(l.node, 80)
	l.reaches(l.inside, "10.1.0.1:80") // by the gateway all goes on
	l.reaches(l.inside, "[fd01::1]:80")
}

// forget empties the table of the calling thread's namespace.
func forget() error {
	all, err := netlink.NeighList(0, netlink.FAMILY_ALL)
	for _, n := range all {
		err = errors.Join(err, netlink.NeighDel(&n))
	}
	return err
}

// Neighbours that answer, and those that ask, are as many as there are.
func TestNeighboursThatAnswerAreNotBounded(t *testing.T) {
	const many = 3 * asked
	l := newLab(t)
	l.raise(Facts{Known: []int{1, l.plug(1)}, Neighbours: true})
	l.on(l.node, func() error {
		link, err := netlink.LinkByName("eth1")
		for i := range many {
			err = errors.Join(err, address(link, fmt.Sprintf("10.1.1.%d/16", i+1)), address(link, fmt.Sprintf("fd01::1:%x/64", i+1)))
		}
		return err
	})
	l.serve(l.node, 80)
	l.serve(l.inside, 80)
	for i := range many {
		l.reaches(l.inside, fmt.Sprintf("10.1.1.%d:80", i+1))
		l.reaches(l.inside, fmt.Sprintf("[fd01::1:%x]:80", i+1))
	}
	var server *net.UDPConn
	l.on(l.inside, func() (err error) {
		server, err = net.ListenUDP("udp", &net.UDPAddr{Port: 53})
		return err
	})
	defer server.Close()
	go func() {
		for buffer := make([]byte, 1); ; {
			n, from, err := server.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			_, _ = server.WriteToUDPAddrPort(buffer[:n], from) // who asks sees whether it came
		}
	}()
	l.on(l.node, func() error {
		for i := range many {
			from := net.UDPAddr{IP: net.IPv4(10, 1, 1, byte(i+1))}
			c, err := net.DialUDP("udp", &from, &net.UDPAddr{IP: net.IPv4(10, 1, 0, 2), Port: 53})
			if err != nil {
				return err
			}
			_, err = c.Write([]byte("x"))
			err = errors.Join(err, c.SetReadDeadline(time.Now().Add(5*time.Second)))
			if _, read := c.Read(make([]byte, 1)); read != nil {
				err = errors.Join(err, fmt.Errorf("no answer to client %d: %w", i, read))
			}
			c.Close()
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func TestKernelVersions(t *testing.T) {
	for release, want := range map[string]bool{
		"6.9.0": true, "6.18.44-fc": true, "7.0": true, "6.9": true, "6.8.12-amd64": false, "5.15.0-generic": false, "": false, "6": false, "x.y": false,
	} {
		if got := Outlives(release); got != want {
			t.Errorf("%q is 6.9 or later: %v", release, got)
		}
	}
}
