package nft

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// A Rule is statements that a packet goes through until one does not hold.
type Rule []Statement

// String is the rule as nft has it.
func (r Rule) String() string {
	words := make([]string, len(r))
	for i, s := range r {
		words[i] = s.String()
	}
	return strings.Join(words, " ")
}

// A Statement is a match, a count or a verdict.
type Statement interface {
	String() string
	needs() Field // whose protocol and transport have to be asked first
	encode() []expr.Any
}

// encode is the rule for the kernel, with what its fields depend on.
func (r Rule) encode(family Family) []expr.Any {
	var out []expr.Any
	protocol, transport := uint16(0), uint8(0)
	for _, s := range r {
		f := s.needs()
		if f.protocol != 0 && f.protocol != protocol {
			out, protocol = append(out, depend(family, f.protocol)...), f.protocol
		}
		if f.transport != 0 && f.transport != transport {
			out = append(append(out, Transport.load), equal([]byte{f.transport}))
			transport = f.transport
		}
		out = append(out, s.encode()...)
	}
	return out
}

// depend asks for the protocol as nft itself does in a family's chains.
func depend(family Family, protocol uint16) []expr.Any {
	if family == NetDev {
		return []expr.Any{Protocol.load, equal(binary.BigEndian.AppendUint16(nil, protocol))}
	}
	number := byte(unix.NFPROTO_IPV4)
	if protocol == unix.ETH_P_IPV6 {
		number = unix.NFPROTO_IPV6
	}
	return []expr.Any{&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: register}, equal([]byte{number})}
}

func equal(data []byte) expr.Any {
	return &expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: data}
}

type match struct {
	Field
	text string // after the field's name
	ops  []expr.Any
}

func (m match) String() string { return m.name + " " + m.text }

func (m match) needs() Field { return m.Field }

func (m match) encode() []expr.Any { return append([]expr.Any{m.load}, m.ops...) }

// Is matches one value.
func (f Field) Is(v Value) Statement { return match{f, v.text, []expr.Any{equal(v.data)}} }

// Not matches every other value.
func (f Field) Not(v Value) Statement {
	return match{f, "!= " + v.text, []expr.Any{&expr.Cmp{Op: expr.CmpOpNeq, Register: register, Data: v.data}}}
}

// In matches what a set has.
func (f Field) In(set string) Statement {
	return match{f, "@" + set, []expr.Any{&expr.Lookup{SourceRegister: register, SetName: set}}}
}

// NotIn matches what a set has not.
func (f Field) NotIn(set string) Statement {
	return match{f, "!= @" + set, []expr.Any{&expr.Lookup{SourceRegister: register, SetName: set, Invert: true}}}
}

// Verdicts goes where a map of verdicts says, and on where it says nothing.
func (f Field) Verdicts(set string) Statement {
	return match{f, "vmap @" + set, []expr.Any{&expr.Lookup{SourceRegister: register, SetName: set, IsDestRegSet: true}}}
}

// Within matches a range of addresses.
func (f Field) Within(p netip.Prefix) Statement {
	if p.IsSingleIP() {
		return f.Is(Address(p.Addr()))
	}
	mask := make([]byte, f.bytes)
	for i := range p.Bits() {
		mask[i/8] |= 0x80 >> (i % 8)
	}
	return match{f, p.String(), f.masked(mask, expr.CmpOpEq, p.Masked().Addr().AsSlice())}
}

func (f Field) masked(mask []byte, op expr.CmpOp, data []byte) []expr.Any {
	return []expr.Any{
		&expr.Bitwise{SourceRegister: register, DestRegister: register, Len: f.bytes, Mask: mask, Xor: make([]byte, f.bytes)},
		&expr.Cmp{Op: op, Register: register, Data: data},
	}
}

// Ports matches a range of ports.
func (f Field) Ports(first, last uint16) Statement {
	if first == last {
		return f.Is(Port(first))
	}
	return match{f, fmt.Sprintf("%d-%d", first, last), []expr.Any{
		&expr.Cmp{Op: expr.CmpOpGte, Register: register, Data: Port(first).data},
		&expr.Cmp{Op: expr.CmpOpLte, Register: register, Data: Port(last).data},
	}}
}

// Opening matches the segment that opens a TCP connection.
func Opening() Statement {
	const syn, ack = 0x02, 0x10
	return match{TCPFlags, "& (syn | ack) == syn", TCPFlags.masked([]byte{syn | ack}, expr.CmpOpEq, []byte{syn})}
}

// Known matches what belongs to a connection that was let through: its packets,
// replies and errors.
func Known() Statement { return connection("established,related", 2|4) }

// New matches what begins a connection.
func New() Statement { return connection("new", 8) }

// connection matches bits of the connection's state (linux/netfilter/nf_conntrack_common.h,
// NF_CT_STATE_BIT), which the kernel keeps in its own order of bytes.
func connection(text string, bits uint32) Statement {
	return match{Connection, text, Connection.masked(binary.NativeEndian.AppendUint32(nil, bits), expr.CmpOpNeq, make([]byte, 4))}
}
