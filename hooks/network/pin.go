package network

import (
	"fmt"

	"github.com/vishvananda/netlink"

	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
)

// A pin keeps a bridge's hardware address as it is, by which rules tell the node
// from a neighbour. One that nobody has set is that of a port, and another when
// ports come and go (Linux, br_stp_recalculate_bridge_id).
type pin struct{ *facts.Bridge }

func (p pin) String() string { return fmt.Sprintf("ip link set dev %s address %s", p.Name, p.MAC) }

func (p pin) do() error {
	l, err := netlink.LinkByName(p.Name)
	if err == nil { // also where another port has just changed it
		err = netlink.LinkSetHardwareAddr(l, p.MAC)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", p, err)
	}
	return err
}

func (f Facts) pins() (all []pin) {
	for _, i := range f.Interfaces {
		if i.Bridge != nil {
			all = append(all, pin{i.Bridge})
		}
	}
	return all
}
