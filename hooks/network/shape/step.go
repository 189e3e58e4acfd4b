package shape

import (
	"errors"
	"fmt"
	"math"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
)

// A Step is one change of the node. It prints as the line of ip or tc that would
// do the same.
type Step interface {
	String() string
	do(*netlink.Handle) error
}

type addDevice struct{ device string }

func (s addDevice) String() string { return "ip link add " + s.device + " type ifb" }

func (s addDevice) do(h *netlink.Handle) error {
	l := &netlink.Ifb{LinkAttrs: netlink.NewLinkAttrs()}
	l.Name = s.device
	return h.LinkAdd(l)
}

type startDevice struct{ device, alias string }

func (s startDevice) String() string {
	return fmt.Sprintf("ip link set %s alias %q up", s.device, s.alias)
}

func (s startDevice) do(h *netlink.Handle) error {
	l, err := h.LinkByName(s.device)
	if err != nil {
		return err
	}
	if err := h.LinkSetAlias(l, s.alias); err != nil {
		return err
	}
	return h.LinkSetUp(l)
}

type addRoot struct{ device string }

func (s addRoot) String() string {
	return fmt.Sprintf("tc qdisc add dev %s root handle %x: htb", s.device, major)
}

func (s addRoot) do(h *netlink.Handle) error {
	l, err := h.LinkByName(s.device)
	if err != nil {
		return err
	}
	return h.QdiscAdd(netlink.NewHtb(netlink.QdiscAttrs{
		LinkIndex: l.Attrs().Index, Handle: major << 16, Parent: netlink.HANDLE_ROOT,
	}))
}

// setClass adds a class, or changes one. Tokens and what waits stay.
type setClass struct {
	device string
	node   node
	change bool
}

func (s setClass) String() string {
	n, verb := s.node, "add"
	if s.change {
		verb = "change"
	}
	return fmt.Sprintf("tc class %s dev %s parent %s classid %s htb rate %s burst %db ceil %s cburst %db quantum %d",
		verb, s.device, parentText(n.parent), Class(n.id), n.rate, bytesIn(n.rate, n.burst), n.ceil, bytesIn(n.ceil, n.cburst), n.quantum)
}

func parentText(id uint32) string {
	if id&0xffff == 0 {
		return fmt.Sprintf("%x:", id>>16)
	}
	return Class(id)
}

func bytesIn(r Rate, d time.Duration) uint64 {
	return uint64(math.Ceil(float64(r.bytes()) * d.Seconds()))
}

func (s setClass) do(h *netlink.Handle) error {
	l, err := h.LinkByName(s.device)
	if err != nil {
		return err
	}
	class := s.node.class(l.Attrs().Index)
	if s.change {
		return h.ClassChange(class)
	}
	return h.ClassAdd(class)
}

// setQueue gives a leaf its queue, or changes it: what waits stays.
type setQueue struct {
	device string
	parent uint32
	queue  queue
}

func (s setQueue) String() string {
	return fmt.Sprintf("tc qdisc replace dev %s parent %s %s", s.device, Class(s.parent), s.queue)
}

func (s setQueue) do(h *netlink.Handle) error {
	l, err := h.LinkByName(s.device)
	if err != nil {
		return err
	}
	return h.QdiscReplace(s.queue.qdisc(l.Attrs().Index, s.parent))
}

type deleteClass struct {
	device string
	id     uint32
}

func (s deleteClass) String() string {
	return fmt.Sprintf("tc class del dev %s classid %s", s.device, Class(s.id))
}

func (s deleteClass) do(h *netlink.Handle) error {
	l, err := h.LinkByName(s.device)
	if err != nil {
		return err
	}
	class := netlink.HtbClass{ClassAttrs: netlink.ClassAttrs{LinkIndex: l.Attrs().Index, Handle: s.id}}
	if err := h.ClassDel(&class); !errors.Is(err, syscall.ENOENT) {
		return err
	}
	return nil
}

type deleteDevice struct{ device string }

func (s deleteDevice) String() string { return "ip link del " + s.device }

func (s deleteDevice) do(h *netlink.Handle) error {
	l, err := h.LinkByName(s.device)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil
	}
	if err != nil {
		return err
	}
	return h.LinkDel(l)
}
