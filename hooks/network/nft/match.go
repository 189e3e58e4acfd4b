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
func (f Field) Within(p netip.Prefix) Statement {
	if p.IsSingleIP() {
		return f.Is(Address(p.Addr()))
	}
	bits := make([]byte, f.bytes)
	for i := range p.Bits() {
		bits[i/8] |= 0x80 >> (i % 8)
	}
	return f.match(p.String(), mask(bits), equal(p.Masked().Addr().AsSlice()))
}

// Ports matches a range of ports.
func (f Field) Ports(first, last uint16) Statement {
	if first == last {
		return f.Is(Number(first))
	}
	return f.match(fmt.Sprintf("%d-%d", first, last), compare(unix.NFT_CMP_GTE, Number(first).data), compare(unix.NFT_CMP_LTE, Number(last).data))
}

const syn, ack = 0x02, 0x10

// Opening matches the segment that opens a TCP connection.
func Opening() Statement {
	return TCPFlags.match("& (syn | ack) == syn", mask([]byte{syn | ack}), equal([]byte{syn}))
}

// NotOpening matches any other segment. The kernel sends none where nobody has
// answered, unless a socket is raw.
func NotOpening() Statement {
	return TCPFlags.match("& (syn | ack) != syn", mask([]byte{syn | ack}), compare(unix.NFT_CMP_NEQ, []byte{syn}))
}

// Known matches what belongs to a connection that was let through: its packets,
// replies and errors.
func Known() Statement { return state("established,related", 2|4) }

// New matches what begins a connection.
func New() Statement { return state("new", 8) }

// Unseen matches what nothing has let through yet of its connection: it is the
// first, or what came before was dropped.
func Unseen() Statement {
	const confirmed = 8 // IPS_CONFIRMED of linux/netfilter/nf_conntrack_common.h
	return ConnectionStatus.match("& confirmed == 0", mask(binary.NativeEndian.AppendUint32(nil, confirmed)), equal(make([]byte, 4)))
}

// state matches bits of the connection's state (linux/netfilter/nf_conntrack_common.h,
// NF_CT_STATE_BIT), which the kernel keeps in its own order of bytes.
func state(text string, bits uint32) Statement {
	return Connection.match(text, mask(binary.NativeEndian.AppendUint32(nil, bits)), compare(unix.NFT_CMP_NEQ, make([]byte, 4)))
}
