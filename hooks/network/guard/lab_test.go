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

	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
)

// lab is a container's network namespace, and one of a node that it is plugged
// into.
type lab struct {
	*testing.T
	inside, node *os.File
}

func newLab(t *testing.T) *lab {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: makes network namespaces")
	}
	l := &lab{T: t, inside: newNamespace(t), node: newNamespace(t)}
	l.on(l.inside, func() error { return up("lo") })
	return l
}

func newNamespace(t *testing.T) (ns *os.File) {
	t.Helper()
	self, err := os.Open("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	if err := namespace.In(int(self.Fd()), func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		ns, err = os.Open("/proc/thread-self/ns/net")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ns.Close() })
	return ns
}

func (l *lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func (l *lab) on(ns *os.File, f func() error) {
	l.Helper()
	l.must(namespace.In(int(ns.Fd()), f))
}

func up(name string) error {
	link, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.LinkSetUp(link)
	}
	return err
}

// plug connects the container with the node, at 10.N.0.2 and 10.N.0.1, and
// returns the index inside.
func (l *lab) plug(n int) (index int) {
	l.Helper()
	name := fmt.Sprintf("eth%d", n)
	l.on(l.node, func() error {
		return netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: name, PeerNamespace: netlink.NsFd(l.inside.Fd())})
	})
	for i, ns := range []*os.File{l.node, l.inside} {
		l.on(ns, func() error {
			link, err := netlink.LinkByName(name)
			if err != nil {
				return err
			}
			index = link.Attrs().Index
			return errors.Join(address(link, fmt.Sprintf("10.%d.0.%d/16", n, i+1)), address(link, fmt.Sprintf("fd%02d::%d/64", n, i+1)), netlink.LinkSetUp(link))
		})
	}
	return index
}

func address(link netlink.Link, a string) error {
	parsed, err := netlink.ParseAddr(a)
	if err != nil {
		return err
	}
	parsed.Flags = unix.IFA_F_NODAD
	return netlink.AddrAdd(link, parsed)
}

// serve answers on a port of the node, or of the container.
func (l *lab) serve(ns *os.File, port int) {
	l.Helper()
	l.on(ns, func() error {
		s, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			return err
		}
		l.Cleanup(func() { s.Close() })
		go func() {
			for {
				c, err := s.Accept()
				if err != nil {
					return
				}
				c.Close()
			}
		}()
		return nil
	})
}

func dial(ns *os.File, to string, patience time.Duration) error {
	return namespace.In(int(ns.Fd()), func() error {
		c, err := net.DialTimeout("tcp", to, patience)
		if err == nil {
			c.Close()
		}
		return err
	})
}

func (l *lab) reaches(ns *os.File, to string) {
	l.Helper()
	if err := dial(ns, to, 5*time.Second); err != nil {
		l.Errorf("cannot reach %s: %v", to, err)
	}
}

func (l *lab) doesNotReach(ns *os.File, to string) {
	l.Helper()
	if dial(ns, to, 300*time.Millisecond) == nil {
		l.Errorf("reaches %s", to)
	}
}

func (l *lab) raise(f Facts) *Guard {
	l.Helper()
	g, err := Raise(l.inside, f)
	l.must(err)
	l.Cleanup(g.Leave)
	return g
}

// neighbours are how many entries the container has.
func (l *lab) neighbours() (n int) {
	l.Helper()
	l.on(l.inside, func() error {
		all, err := netlink.NeighList(0, netlink.FAMILY_ALL)
		n = len(all)
		return err
	})
	return n
}

// datagrams sends one to each of the addresses that begin with 10.N and end with
// first to last, and counts those that left.
func (l *lab) datagrams(n, first, last int) (left int) {
	l.Helper()
	l.on(l.inside, func() error {
		c, err := net.ListenUDP("udp4", nil)
		if err != nil {
			return err
		}
		defer c.Close()
		for i := first; i <= last; i++ {
			to := netip.AddrFrom4([4]byte{10, byte(n), byte(i >> 8), byte(i)})
			if _, err := c.WriteToUDPAddrPort([]byte("x"), netip.AddrPortFrom(to, 9)); err == nil {
				left++
			}
		}
		return nil
	})
	return left
}
