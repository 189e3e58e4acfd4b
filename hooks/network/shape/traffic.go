package shape

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
)

// Traffic is what passed a class since it is there, in bytes of Ethernet frames,
// what was dropped because its queue was full, the bytes that wait, and how much
// may pass at most.
type Traffic struct {
	Most             Rate
	Bytes            uint64
	Packets, Dropped uint32
	Waiting          uint32
}

// ReadTraffic returns that of each class of an outermost tenant's device, none
// if it has no device.
func ReadTraffic(h *netlink.Handle, installation, tenant string) (map[uint32]Traffic, error) {
	l, err := h.LinkByName(Device(installation, tenant))
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	classes, err := h.ClassList(l, netlink.HANDLE_NONE)
	if err != nil {
		return nil, fmt.Errorf("list classes of %s: %w", l.Attrs().Name, err)
	}
	all := map[uint32]Traffic{}
	for _, c := range classes {
		if s := c.Attrs().Statistics; s != nil && s.Basic != nil && s.Queue != nil {
			t := Traffic{Bytes: s.Basic.Bytes, Packets: s.Basic.Packets, Dropped: s.Queue.Drops, Waiting: s.Queue.Backlog}
			if htb, ok := c.(*netlink.HtbClass); ok {
				t.Most = Rate(htb.Ceil * 8)
			}
			all[c.Attrs().Handle] = t
		}
	}
	return all, nil
}
