package nft

import (
	"golang.org/x/sys/unix"
)

// Expressions are the instructions that the kernel has for rules: they load
// something of a packet into a register, compare it, and decide. Source:
// linux/netfilter/nf_tables.h, and what nft(8) writes.

// register is where a value is compared.
const register = unix.NFT_REG_1

func expression(name string, attributes ...attribute) attribute {
	return nested(unix.NFTA_LIST_ELEM, text(unix.NFTA_EXPR_NAME, name), nested(unix.NFTA_EXPR_DATA, attributes...))
}

// An origin is what a field's bytes are loaded from.
type origin interface {
	load(bytes uint32) attribute
}

// payload is bytes of the packet, from an offset into one of its headers.
type payload struct{ base, offset uint32 }

func (p payload) load(bytes uint32) attribute {
	return expression("payload", number(unix.NFTA_PAYLOAD_DREG, register), number(unix.NFTA_PAYLOAD_BASE, p.base),
		number(unix.NFTA_PAYLOAD_OFFSET, p.offset), number(unix.NFTA_PAYLOAD_LEN, bytes))
}

// meta is what the kernel knows of the packet.
type meta uint32

func (m meta) load(uint32) attribute {
	return expression("meta", number(unix.NFTA_META_KEY, uint32(m)), number(unix.NFTA_META_DREG, register))
}

func (m meta) set() attribute {
	return expression("meta", number(unix.NFTA_META_KEY, uint32(m)), number(unix.NFTA_META_SREG, register))
}

// connection is what it knows of the packet's.
type connection uint32

func (c connection) load(uint32) attribute {
	return expression("ct", number(unix.NFTA_CT_KEY, uint32(c)), number(unix.NFTA_CT_DREG, register))
}

func compare(op uint32, with []byte) attribute {
	return expression("cmp", number(unix.NFTA_CMP_SREG, register), number(unix.NFTA_CMP_OP, op), value(unix.NFTA_CMP_DATA, with))
}

func equal(to []byte) attribute { return compare(unix.NFT_CMP_EQ, to) }

func mask(with []byte) attribute {
	return expression("bitwise", number(unix.NFTA_BITWISE_SREG, register), number(unix.NFTA_BITWISE_DREG, register),
		number(unix.NFTA_BITWISE_LEN, uint32(len(with))), value(unix.NFTA_BITWISE_MASK, with), value(unix.NFTA_BITWISE_XOR, make([]byte, len(with))))
}

func set(to []byte) attribute {
	return expression("immediate", number(unix.NFTA_IMMEDIATE_DREG, register), value(unix.NFTA_IMMEDIATE_DATA, to))
}

// lookup goes on where a set has the register's value.
func lookup(set string) attribute {
	return expression("lookup", text(unix.NFTA_LOOKUP_SET, set), number(unix.NFTA_LOOKUP_SREG, register))
}

func lookupNot(set string) attribute {
	return expression("lookup", text(unix.NFTA_LOOKUP_SET, set), number(unix.NFTA_LOOKUP_SREG, register), number(unix.NFTA_LOOKUP_FLAGS, unix.NFT_LOOKUP_F_INV))
}

// lookupVerdict takes the verdict that a map has for the register's value.
func lookupVerdict(set string) attribute {
	return expression("lookup", text(unix.NFTA_LOOKUP_SET, set), number(unix.NFTA_LOOKUP_SREG, register), number(unix.NFTA_LOOKUP_DREG, unix.NFT_REG_VERDICT))
}

func decide(code int32, chain string) attribute {
	return expression("immediate", number(unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_VERDICT), verdictOf(unix.NFTA_IMMEDIATE_DATA, code, chain))
}

func count(counter string) attribute {
	return expression("objref", number(unix.NFTA_OBJREF_IMM_TYPE, unix.NFT_OBJECT_COUNTER), text(unix.NFTA_OBJREF_IMM_NAME, counter))
}

func moreConnections(than uint32) attribute {
	return expression("connlimit", number(nftaConnlimitCount, than), number(nftaConnlimitFlags, connlimitInverted))
}

// Of linux/netfilter/nf_tables.h: enum nft_connlimit_attributes, NFT_CONNLIMIT_F_INV.
const (
	nftaConnlimitCount = 1
	nftaConnlimitFlags = 2
	connlimitInverted  = 1
)

func forward() attribute { return expression("fwd", number(unix.NFTA_FWD_SREG_DEV, register)) }
