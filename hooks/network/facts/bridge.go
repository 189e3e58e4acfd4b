package facts

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// bridge is what an interface here is a port of, nil where it is of none.
func bridge(here *netlink.Handle, port netlink.Link) (*Bridge, error) {
	if port.Attrs().MasterIndex == 0 {
		return nil, nil
	}
	master, err := here.LinkByIndex(port.Attrs().MasterIndex)
	if err != nil {
		return nil, err
	}
	b := &Bridge{Name: master.Attrs().Name, MAC: master.Attrs().HardwareAddr}
	addresses, err := here.AddrList(master, netlink.FAMILY_ALL)
	for _, a := range addresses {
		b.Addresses = with(b.Addresses, a.IP)
		if first, ok := netip.AddrFromSlice(a.IP); ok {
			bits, _ := a.Mask.Size()
			b.Subnets = append(b.Subnets, netip.PrefixFrom(first.Unmap(), bits).Masked())
		}
	}
	return b, err
}

// Plausible are the interface's addresses without those that its bridge shows to
// be another's: the bridge's own, and those outside its subnets. A bridge without
// subnets of a version says nothing of it.
func (i Interface) Plausible() []netip.Addr {
	if i.Bridge == nil {
		return i.Addresses
	}
	return slices.DeleteFunc(slices.Clone(i.Addresses), func(a netip.Addr) bool {
		says := false
		for _, p := range i.Bridge.Subnets {
			switch {
			case p.Addr().Is6() != a.Is6() || p.Addr().IsLinkLocalUnicast():
			case p.Contains(a):
				return slices.Contains(i.Bridge.Addresses, a)
			default:
				says = true
			}
		}
		return slices.Contains(i.Bridge.Addresses, a) || says && !a.IsLinkLocalUnicast()
	})
}

// Again looks once more at what the ends here are ports of, from the calling
// thread's network namespace. Those that are gone stay as they were.
func Again(interfaces []Interface) ([]Interface, error) {
	here, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	defer here.Close()
	interfaces = slices.Clone(interfaces)
	for n, i := range interfaces {
		end, err := here.LinkByIndex(i.HostIndex)
		if i.Host == "" || err != nil || end.Attrs().Name != i.Host {
			continue
		}
		if interfaces[n].Bridge, err = bridge(here, end); err != nil {
			return nil, fmt.Errorf("look at interface %s: %w", i.Host, err)
		}
	}
	return interfaces, nil
}
