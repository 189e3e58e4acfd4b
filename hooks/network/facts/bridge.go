package facts

import (
	"fmt"
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
	}
	return b, err
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
