package walls

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// space is a network namespace of the test's own.
type space struct {
	*testing.T
	file *os.File
}

// newSpace makes one; it goes with the last that uses it.
func newSpace(t *testing.T) *space {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	s := &space{T: t}
	var err error
	onThread(func() {
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			s.file, err = os.Open("/proc/thread-self/ns/net")
		}
	})
	if err != nil {
		t.Skip("this machine gives no network namespaces:", err)
	}
	t.Cleanup(func() { s.file.Close() })
	s.do(func() { up(t, "lo") })
	return s
}

// onThread runs something on a thread that ends with it.
func onThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: nobody gets this thread again
		f()
	}()
	<-done
}

// do runs something in the namespace. It must not end the test.
func (s *space) do(f func()) {
	s.Helper()
	var err error
	onThread(func() {
		if err = unix.Setns(int(s.file.Fd()), unix.CLONE_NEWNET); err == nil {
			f()
		}
	})
	if err != nil {
		s.Fatal("enter a network namespace:", err)
	}
}

// try is do for what may fail.
func (s *space) try(f func() error) {
	s.Helper()
	var err error
	s.do(func() { err = f() })
	if err != nil {
		s.Fatal(err)
	}
}

// sysctl sets one of the namespace's.
func (s *space) sysctl(name, value string) {
	s.Helper()
	s.try(func() error { return os.WriteFile("/proc/sys/"+strings.ReplaceAll(name, ".", "/"), []byte(value), 0) })
}

// nft runs it on some text.
func (s *space) nft(text string, args ...string) string {
	s.Helper()
	if _, err := exec.LookPath("nft"); err != nil {
		s.Skip("there is no nft; install Debian's nftables")
	}
	var out, errs bytes.Buffer
	s.try(func() error {
		c := exec.Command("nft", args...)
		c.Stdin, c.Stdout, c.Stderr = strings.NewReader(text), &out, &errs
		if err := c.Run(); err != nil {
			s.Logf("nft %v: %v\n%s", args, err, errs.String())
			return err
		}
		return nil
	})
	return out.String()
}

func up(t *testing.T, name string) {
	l, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.LinkSetUp(l)
	}
	if err != nil {
		t.Errorf("bring up %s: %v", name, err)
	}
}

// address gives an interface one, at once usable.
func (s *space) address(name, cidr string) {
	s.Helper()
	s.try(func() error {
		l, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		a, err := netlink.ParseAddr(cidr)
		if err != nil {
			return err
		}
		a.Flags = unix.IFA_F_NODAD
		return netlink.AddrAdd(l, a)
	})
}

// route leads to a destination by a gateway or, without one, by a device.
func (s *space) route(destination, gateway, device string) {
	s.Helper()
	s.try(func() error {
		_, dst, err := net.ParseCIDR(destination)
		if err != nil {
			return err
		}
		r := &netlink.Route{Dst: dst, Gw: net.ParseIP(gateway)}
		if device != "" {
			l, err := netlink.LinkByName(device)
			if err != nil {
				return err
			}
			r.LinkIndex = l.Attrs().Index
			if gateway == "" {
				r.Scope = netlink.SCOPE_LINK
			} else {
				r.Flags = int(netlink.FLAG_ONLINK)
			}
		}
		return netlink.RouteReplace(r)
	})
}

// veth joins two namespaces.
func (s *space) veth(name string, peer *space, inside string, mac net.HardwareAddr) {
	s.Helper()
	s.try(func() error {
		v := &netlink.Veth{LinkAttrs: netlink.NewLinkAttrs(), PeerName: inside, PeerHardwareAddr: mac, PeerNamespace: netlink.NsFd(peer.file.Fd())}
		v.Name = name
		return netlink.LinkAdd(v)
	})
	s.sysctl("net.ipv6.conf."+name+".accept_dad", "0")
	peer.sysctl("net.ipv6.conf."+inside+".accept_dad", "0")
	s.do(func() { up(s.T, name) })
	peer.do(func() { up(s.T, inside) })
}
