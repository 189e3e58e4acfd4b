package shape

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
)

// Traffic is what passed a class since it is there, in bytes of Ethernet frames,
// what was dropped because its queue was full, and the bytes that wait.
type Traffic struct {
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
			all[c.Attrs().Handle] = Traffic{s.Basic.Bytes, s.Basic.Packets, s.Queue.Drops, s.Queue.Backlog}
		}
	}
	return all, nil
}
