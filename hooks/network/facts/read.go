package facts

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// own are kinds of interfaces that send through others of their namespace, and
// have no way out of their own. Those that the kernel puts into every new
// namespace are among them.
var own = []string{"bridge", "dummy", "ifb", "ipip", "sit", "gre", "gretap", "erspan", "ip6tnl", "ip6gre", "ip6gretap", "vti", "vti6", "vlan"}

// Read lists the interfaces of a network namespace that lead out of it, as seen
// from the calling thread's.
func Read(ns *os.File) ([]Interface, error) {
	all, _, err := Look(ns)
	return all, err
}

// Look is Read, with the indexes of the namespace's other interfaces: loopback,
// and those that send through others.
func Look(ns *os.File) (all []Interface, others []int, err error) {
	inside, err := netlink.NewHandleAt(netns.NsHandle(ns.Fd()), unix.NETLINK_ROUTE)
	if err != nil {
		return nil, nil, fmt.Errorf("look into the network namespace: %w", err)
	}
	defer inside.Close()
	here, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, nil, err
	}
	defer here.Close()
	links, err := inside.LinkList()
	if err != nil {
		return nil, nil, fmt.Errorf("list the container's interfaces: %w", err)
	}
	id, err := hereID(inside) // which it has got by the list, if not before
	if err != nil {
		return nil, nil, err
	}
	for _, l := range links {
		if !leadsOut(l) {
			others = append(others, l.Attrs().Index)
			continue
		}
		i, err := read(inside, l)
		if err == nil && l.Type() == "veth" && l.Attrs().NetNsID == id {
			err = i.end(here, l)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("look at interface %s: %w", i.Inside, err)
		}
		all = append(all, i)
	}
	return all, others, nil
}

// hereID is the number under which a namespace knows the calling thread's.
func hereID(inside *netlink.Handle) (int, error) {
	self, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return 0, err
	}
	defer self.Close()
	return inside.GetNetNsIdByFd(int(self.Fd()))
}

// leadsOut reports an interface that is no loopback and does not only send
// through others, or whose other part is in another namespace.
func leadsOut(l netlink.Link) bool {
	a := l.Attrs()
	switch {
	case a.Flags&net.FlagLoopback != 0:
		return false
	case a.NetNsID >= 0:
		return true
	case a.ParentIndex != 0: // both ends of a veth are here, or what it sends through
		return false
	}
	return !slices.Contains(own, l.Type())
}

func read(inside *netlink.Handle, l netlink.Link) (Interface, error) {
	i := Interface{Inside: l.Attrs().Name, Index: l.Attrs().Index, Kind: l.Type(), MAC: l.Attrs().HardwareAddr, MTU: l.Attrs().MTU, Up: l.Attrs().Flags&net.FlagUp != 0}
	if i.Kind == "device" {
		i.Kind = "physical"
	}
	addresses, err := inside.AddrList(l, netlink.FAMILY_ALL)
	if err != nil {
		return i, err
	}
	for _, a := range addresses {
		i.Addresses = with(i.Addresses, a.IP)
	}
	if len(i.MAC) == 6 { // it has this one as soon as it is up
		i.Addresses = with(i.Addresses, linkLocal(i.MAC))
	}
	routes, err := inside.RouteList(l, netlink.FAMILY_ALL)
	for _, r := range routes {
		i.Gateways = with(i.Gateways, r.Gw)
	}
	return i, err
}

// with adds an address that is not there yet, and is one.
func with(all []netip.Addr, ip net.IP) []netip.Addr {
	if a, ok := netip.AddrFromSlice(ip); ok && !slices.Contains(all, a.Unmap()) {
		all = append(all, a.Unmap())
	}
	return all
}

// linkLocal is the address that the kernel gives an interface. Source: RFC 4291,
// appendix A.
func linkLocal(m net.HardwareAddr) net.IP {
	return net.IP{0xfe, 0x80, 0, 0, 0, 0, 0, 0, m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]}
}

// end adds the veth's end here.
func (i *Interface) end(here *netlink.Handle, l netlink.Link) error {
	host, err := here.LinkByIndex(l.Attrs().ParentIndex)
	if err != nil {
		return err
	}
	if host.Type() != "veth" || host.Attrs().ParentIndex != l.Attrs().Index {
		return errors.New("its other end is not what it says")
	}
	i.Host, i.HostIndex, i.MTU = host.Attrs().Name, host.Attrs().Index, max(i.MTU, host.Attrs().MTU)
	i.Bridge, err = bridge(here, host)
	return err
}
