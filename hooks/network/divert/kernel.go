package divert

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"github.com/mdlayher/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// What github.com/google/nftables has no expression for, "fwd", is written here
// with all that is around it: a transaction is one message to the kernel.

// batch collects the messages of a transaction.
type batch struct {
	table    string
	index    func(device string) (uint32, error)
	messages []netlink.Message
	err      error
}

// Apply does a plan, in the network namespace that a file names. Index says which
// interface a name is of.
func Apply(namespace int, p Plan, index func(device string) (uint32, error)) error {
	if p.Empty() {
		return nil
	}
	b := &batch{table: p.table, index: index}
	b.add(unix.NFNL_MSG_BATCH_BEGIN, 0, nil)
	for _, s := range p.steps {
		s.encode(b)
	}
	b.add(unix.NFNL_MSG_BATCH_END, 0, nil)
	if b.err != nil {
		return b.err
	}
	c, err := dial(namespace)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.SendMessages(b.messages); err != nil {
		return fmt.Errorf("change table %s: %w", p.table, err)
	}
	// Each step is acknowledged, the ends of the batch are not.
	for range p.steps {
		if _, err := c.Receive(); err != nil {
			return fmt.Errorf("change table %s:\n%s%w", p.table, p, err)
		}
	}
	return nil
}

func dial(namespace int) (*netlink.Conn, error) {
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, &netlink.Config{NetNS: namespace})
	if err != nil {
		return nil, fmt.Errorf("speak to nftables: %w", err)
	}
	return c, nil
}

func (b *batch) add(kind int, flags netlink.HeaderFlags, attributes func(*netlink.AttributeEncoder)) {
	family, resource := byte(unix.NFPROTO_NETDEV), uint16(0)
	if kind < unix.NFNL_MSG_BATCH_END+1 && kind >= unix.NFNL_MSG_BATCH_BEGIN {
		family, resource = unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES
	} else {
		kind |= unix.NFNL_SUBSYS_NFTABLES << 8
		flags |= netlink.Acknowledge
	}
	data := binary.BigEndian.AppendUint16([]byte{family, unix.NFNETLINK_V0}, resource)
	if attributes != nil {
		e := netlink.NewAttributeEncoder()
		e.ByteOrder = binary.BigEndian
		attributes(e)
		more, err := e.Encode()
		b.err = errors.Join(b.err, err)
		data = append(data, more...)
	}
	b.messages = append(b.messages, netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(kind), Flags: netlink.Request | flags},
		Data:   data,
	})
}

func (table) encode(b *batch) {
	b.add(unix.NFT_MSG_NEWTABLE, netlink.Create, func(e *netlink.AttributeEncoder) { e.String(unix.NFTA_TABLE_NAME, b.table) })
}

func (removeTable) encode(b *batch) {
	b.add(unix.NFT_MSG_DELTABLE, 0, func(e *netlink.AttributeEncoder) { e.String(unix.NFTA_TABLE_NAME, b.table) })
}

func (c chain) encode(b *batch) {
	b.add(unix.NFT_MSG_NEWCHAIN, netlink.Create, func(e *netlink.AttributeEncoder) {
		e.String(unix.NFTA_CHAIN_TABLE, b.table)
		e.String(unix.NFTA_CHAIN_NAME, c.name)
		e.Nested(unix.NFTA_CHAIN_HOOK, func(e *netlink.AttributeEncoder) error {
			e.Uint32(unix.NFTA_HOOK_HOOKNUM, uint32(c.hook))
			e.Uint32(unix.NFTA_HOOK_PRIORITY, priority)
			e.String(unix.NFTA_HOOK_DEV, c.device)
			return nil
		})
		e.Uint32(unix.NFTA_CHAIN_POLICY, 1) // accept
		e.String(unix.NFTA_CHAIN_TYPE, "filter")
	})
}

func (f flush) encode(b *batch) {
	b.add(unix.NFT_MSG_DELRULE, 0, func(e *netlink.AttributeEncoder) {
		e.String(unix.NFTA_RULE_TABLE, b.table)
		e.String(unix.NFTA_RULE_CHAIN, f.chain)
	})
}

func (r remove) encode(b *batch) {
	b.add(unix.NFT_MSG_DELCHAIN, 0, func(e *netlink.AttributeEncoder) {
		e.String(unix.NFTA_CHAIN_TABLE, b.table)
		e.String(unix.NFTA_CHAIN_NAME, r.chain)
	})
}

func (r rule) encode(b *batch) {
	device, err := b.index(r.device)
	b.err = errors.Join(b.err, err)
	b.add(unix.NFT_MSG_NEWRULE, netlink.Create|netlink.Append, func(e *netlink.AttributeEncoder) {
		e.String(unix.NFTA_RULE_TABLE, b.table)
		e.String(unix.NFTA_RULE_CHAIN, r.chain)
		e.Nested(unix.NFTA_RULE_EXPRESSIONS, func(e *netlink.AttributeEncoder) error {
			immediate(e, r.class)
			expression(e, "meta", func(e *netlink.AttributeEncoder) {
				e.Uint32(unix.NFTA_META_KEY, unix.NFT_META_PRIORITY)
				e.Uint32(unix.NFTA_META_SREG, unix.NFT_REG_1)
			})
			immediate(e, device)
			expression(e, "fwd", func(e *netlink.AttributeEncoder) { e.Uint32(unix.NFTA_FWD_SREG_DEV, unix.NFT_REG_1) })
			return nil
		})
	})
}

func immediate(e *netlink.AttributeEncoder, value uint32) {
	expression(e, "immediate", func(e *netlink.AttributeEncoder) {
		e.Uint32(unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_1)
		e.Nested(unix.NFTA_IMMEDIATE_DATA, func(e *netlink.AttributeEncoder) error {
			e.Bytes(unix.NFTA_DATA_VALUE, nl.Uint32Attr(value)) // registers have the machine's order
			return nil
		})
	})
}

func expression(e *netlink.AttributeEncoder, name string, data func(*netlink.AttributeEncoder)) {
	e.Nested(unix.NFTA_LIST_ELEM, func(e *netlink.AttributeEncoder) error {
		e.String(unix.NFTA_EXPR_NAME, name)
		e.Nested(unix.NFTA_EXPR_DATA, func(e *netlink.AttributeEncoder) error {
			data(e)
			return nil
		})
		return nil
	})
}

// Read returns an installation's chains, none where it has no table.
func Read(namespace int, installation string) ([]Chain, error) {
	c, err := dial(namespace)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	answers, err := c.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETCHAIN, Flags: netlink.Request | netlink.Dump},
		Data:   []byte{unix.NFPROTO_NETDEV, unix.NFNETLINK_V0, 0, 0},
	})
	if errors.Is(err, syscall.ENOENT) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list chains: %w", err)
	}
	var all []Chain
	for _, m := range answers {
		d, err := netlink.NewAttributeDecoder(m.Data[4:])
		if err != nil {
			return nil, fmt.Errorf("list chains: %w", err)
		}
		var of, name string
		for d.Next() {
			switch d.Type() {
			case unix.NFTA_CHAIN_TABLE:
				of = d.String()
			case unix.NFTA_CHAIN_NAME:
				name = d.String()
			}
		}
		if of == Table(installation) {
			all = append(all, Chain(name))
		}
	}
	return all, nil
}
