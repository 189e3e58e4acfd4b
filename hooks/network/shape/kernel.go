package shape

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
)

// Apply does steps in the network namespace of the handle. A caller holds the
// lock of the tenant's device.
func Apply(h *netlink.Handle, steps []Step) error {
	for _, s := range steps {
		if err := s.do(h); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// Read returns a family's device as it is, the zero value if there is none.
func Read(h *netlink.Handle, f Family) (Tree, error) {
	l, err := h.LinkByName(f.Device())
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return Tree{}, nil
	}
	if err != nil {
		return Tree{}, err
	}
	// One without an alias was begun by somebody who was killed.
	if want := alias(f.Installation, f.outermost()); l.Type() != "ifb" || l.Attrs().Alias != want && l.Attrs().Alias != "" {
		return Tree{}, fmt.Errorf("interface %s is %s with alias %q, want ifb with alias %q; remove or rename it", l.Attrs().Name, l.Type(), l.Attrs().Alias, want)
	}
	return read(h, l)
}

func read(h *netlink.Handle, l netlink.Link) (Tree, error) {
	t := Tree{Device: l.Attrs().Name, Alias: l.Attrs().Alias, up: l.Attrs().Flags&net.FlagUp != 0}
	classes, err := h.ClassList(l, netlink.HANDLE_NONE)
	if err != nil {
		return t, fmt.Errorf("list classes of %s: %w", t.Device, err)
	}
	qdiscs, err := h.QdiscList(l)
	if err != nil {
		return t, fmt.Errorf("list queues of %s: %w", t.Device, err)
	}
	queues := map[uint32]queue{}
	for _, q := range qdiscs {
		switch q := q.(type) {
		case *netlink.Htb:
			t.root = q.Handle == major<<16
		case *netlink.Tbf:
			queues[q.Parent] = queue{limit: q.Limit, rate: q.Rate * 8, buffer: time.Duration(q.Buffer) * tick}
		}
	}
	for _, c := range classes {
		if htb, ok := c.(*netlink.HtbClass); ok {
			n := nodeOf(htb)
			n.queue = queues[n.id]
			t.classes = append(t.classes, n)
		}
	}
	t.classes = sorted(t.classes)
	return t, nil
}

// Tenants are the outermost ones that have a device.
func Tenants(h *netlink.Handle, installation string) ([]string, error) {
	links, err := h.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var tenants []string
	for _, l := range links {
		tenant, ok := tenantOf(installation, l.Attrs().Alias)
		if ok && l.Type() == "ifb" && l.Attrs().Name == Device(installation, tenant) {
			tenants = append(tenants, tenant)
		}
	}
	return tenants, nil
}

// Leaves are the numbers of those that are there.
func (t Tree) Leaves() []uint16 {
	var all []uint16
	for _, n := range t.classes {
		if number := numberOf(n.id); !isTenant(n.id) && !slices.Contains(all, number) {
			all = append(all, number)
		}
	}
	return all
}

func (n node) class(link int) *netlink.HtbClass {
	return &netlink.HtbClass{
		ClassAttrs: netlink.ClassAttrs{LinkIndex: link, Handle: n.id, Parent: n.parent},
		Rate:       n.rate.bytes(), Ceil: n.ceil.bytes(),
		Buffer: uint32(n.burst / tick), Cbuffer: uint32(n.cburst / tick),
		Quantum: n.quantum,
	}
}

func nodeOf(c *netlink.HtbClass) node {
	n := node{
		id: c.Handle, parent: c.Parent, rate: Rate(c.Rate * 8), ceil: Rate(c.Ceil * 8),
		burst: time.Duration(c.Buffer) * tick, cburst: time.Duration(c.Cbuffer) * tick,
		quantum: c.Quantum,
	}
	if n.parent == netlink.HANDLE_ROOT {
		n.parent = major << 16
	}
	return n
}

func (q queue) qdisc(link int, parent uint32) *netlink.Tbf {
	return &netlink.Tbf{
		QdiscAttrs: netlink.QdiscAttrs{LinkIndex: link, Parent: parent},
		Rate:       q.rate / 8, Limit: q.limit, Buffer: uint32(q.buffer / tick),
	}
}
