package nft

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

type match struct {
	Field
	text string // after the field's name
	then []attribute
}

func (m match) String() string { return m.name + " " + m.text }

func (m match) needs() Field { return m.Field }

func (m match) encode() ([]attribute, error) { return append([]attribute{m.load()}, m.then...), nil }

func (f Field) match(text string, then ...attribute) Statement { return match{f, text, then} }

// Is matches one value.
func (f Field) Is(v Value) Statement { return f.match(v.text, equal(v.data)) }

// Not matches every other value.
func (f Field) Not(v Value) Statement {
	return f.match("!= "+v.text, compare(unix.NFT_CMP_NEQ, v.data))
}

// In matches what a set has.
func (f Field) In(set string) Statement { return f.match("@"+set, lookup(set)) }

// NotIn matches what a set has not.
func (f Field) NotIn(set string) Statement { return f.match("!= @"+set, lookupNot(set)) }

// Verdicts goes where a map of verdicts says, and on where it says nothing.
func (f Field) Verdicts(set string) Statement { return f.match("vmap @"+set, lookupVerdict(set)) }

// Within matches a range of addresses.
func (f Field) Within(p netip.Prefix) Statement { return f.prefixed("", p, unix.NFT_CMP_EQ) }

// NotWithin matches all other addresses.
func (f Field) NotWithin(p netip.Prefix) Statement { return f.prefixed("!= ", p, unix.NFT_CMP_NEQ) }

// prefixed compares the bits that all addresses of a range have in common.
func (f Field) prefixed(not string, p netip.Prefix, op uint32) Statement {
	common := p.Masked().Addr().AsSlice()
	if p.Bits()%8 == 0 && p.Bits() > 0 {
		f.bytes = uint32(p.Bits() / 8)
		text := p.String()
		if p.IsSingleIP() {
			text = p.Addr().String()
		}
		return f.match(not+text, compare(op, common[:f.bytes]))
	}
	bits := make([]byte, len(common))
	for i := range p.Bits() {
		bits[i/8] |= 0x80 >> (i % 8)
	}
	return f.match(not+p.String(), mask(bits), compare(op, common))
}

// Ports matches a range of ports.
func (f Field) Ports(first, last uint16) Statement {
	if first == last {
		return f.Is(Number(first))
	}
	return f.match(fmt.Sprintf("%d-%d", first, last), compare(unix.NFT_CMP_GTE, Number(first).data), compare(unix.NFT_CMP_LTE, Number(last).data))
}

const syn, rst, ack = 0x02, 0x04, 0x10

// Opening matches the segment that opens a TCP connection.
func Opening() Statement {
	return TCPFlags.match("& (syn | ack) == syn", mask([]byte{syn | ack}), equal([]byte{syn}))
}

// NotOpening matches any other segment. The kernel sends none where nobody has
// answered, unless a socket is raw.
func NotOpening() Statement {
	return TCPFlags.match("& (syn | ack) != syn", mask([]byte{syn | ack}), compare(unix.NFT_CMP_NEQ, []byte{syn}))
}

// Following matches a segment that neither opens a TCP connection, nor answers
// to one that does.
func Following() Statement {
	return TCPFlags.match("& (syn | rst) == 0x0", mask([]byte{syn | rst}), equal([]byte{0}))
}

// Confirmed matches what belongs to a connection of which something was let
// through: its packets, replies and errors.
func Confirmed() Statement {
	const confirmed = 8 // IPS_CONFIRMED of linux/netfilter/nf_conntrack_common.h
	return bits(ConnectionStatus, "confirmed", confirmed)
}

// Related matches what another connection has said would come.
func Related() Statement { return state("related", 4) }

// New matches what begins a connection.
func New() Statement { return state("new", 8) }

// state matches bits of the connection's state (linux/netfilter/nf_conntrack_common.h,
// NF_CT_STATE_BIT).
func state(text string, some uint32) Statement { return bits(Connection, text, some) }

// bits matches where one of some is set, which the kernel keeps in its own order
// of bytes.
func bits(f Field, text string, some uint32) Statement {
	return f.match(text, mask(binary.NativeEndian.AppendUint32(nil, some)), compare(unix.NFT_CMP_NEQ, make([]byte, 4)))
}
