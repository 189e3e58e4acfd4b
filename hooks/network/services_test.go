package network

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// behind is a namespace that the node routes these addresses to.
func (n namespace) behind(t *testing.T, addresses ...netip.Addr) namespace {
	t.Helper()
	far := newNamespace(t)
	give := func(name, at string) error {
		l, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		a, err := netlink.ParseAddr(at)
		if err == nil {
			a.Flags = unix.IFA_F_NODAD
			err = netlink.AddrAdd(l, a)
		}
		if err == nil {
			err = netlink.LinkSetUp(l)
		}
		return err
	}
	route := func(name, to, by string) error {
		l, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		_, network, err := net.ParseCIDR(to)
		if err != nil {
			return err
		}
		return netlink.RouteAdd(&netlink.Route{LinkIndex: l.Attrs().Index, Dst: network, Gw: net.ParseIP(by)})
	}
	n.do(func() error {
		return errors.Join(
			netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "far0"}, PeerName: "near0", PeerNamespace: netlink.NsFd(far.file.Fd())}),
			give("far0", "192.0.2.1/24"), give("far0", "2001:db8::1/64"))
	})
	far.do(func() error {
		return errors.Join(give("near0", "192.0.2.2/24"), give("near0", "2001:db8::2/64"),
			route("near0", "0.0.0.0/0", "192.0.2.1"), route("near0", "::/0", "2001:db8::1"))
	})
	for _, a := range addresses {
		whole, by := "/128", "2001:db8::2"
		if a.Is4() {
			whole, by = "/32", "192.0.2.2"
		}
		far.do(func() error { return give("near0", a.String()+whole) })
		n.do(func() error { return route("far0", a.String()+whole, by) })
	}
	return far
}

// A resolver at the address of a cloud's metadata service opens port 53 there,
// and not the metadata.
func TestListedServiceOpensItsPortsAlone(t *testing.T) {
	four, six := netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("fd00:ec2::254")
	node := bridged(t)
	far := node.behind(t, four, six)
	a := node.plug(t, "acme", 2)
	far.listen(53)
	far.listen(80)
	both := []netip.Addr{four, six}
	for _, at := range both {
		a.reaches(at, 53)
		a.reaches(at, 80)
	}
	a.wall(policyOf("acme"), new(tenant.Node))
	for _, at := range both {
		a.doesNotReach(at, 53)
	}
	a.wall(policyOf("acme"), &tenant.Node{Network: tenant.NodeNetwork{DNS: both}})
	for _, at := range both {
		a.reaches(at, 53)
		a.doesNotReach(at, 80)
	}
}
