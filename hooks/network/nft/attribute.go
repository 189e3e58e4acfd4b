package nft

import (
	"encoding/binary"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// An attribute is one of a message's, as netlink(7) has them: length, kind, data,
// and zeros up to the next four bytes.
type attribute []byte

func newAttribute(kind int, data ...[]byte) attribute {
	length := unix.SizeofRtAttr
	for _, d := range data {
		length += len(d)
	}
	a := make(attribute, unix.SizeofRtAttr, (length+3)&^3)
	binary.NativeEndian.PutUint16(a, uint16(length))
	binary.NativeEndian.PutUint16(a[2:], uint16(kind))
	for _, d := range data {
		a = append(a, d...)
	}
	return a[:cap(a)]
}

// number has the network's order of bytes, as all of nftables.
func number(kind int, n uint32) attribute {
	return newAttribute(kind, binary.BigEndian.AppendUint32(nil, n))
}

func text(kind int, s string) attribute { return newAttribute(kind, nl.ZeroTerminated(s)) }

func nested(kind int, parts ...attribute) attribute {
	data := make([][]byte, len(parts))
	for i, p := range parts {
		data[i] = p
	}
	return newAttribute(kind|unix.NLA_F_NESTED, data...)
}

// value is what a register is compared with or set to.
func value(kind int, data []byte) attribute {
	return nested(kind, newAttribute(unix.NFTA_DATA_VALUE, data))
}

func verdictOf(kind int, code int32, chain string) attribute {
	parts := []attribute{number(unix.NFTA_VERDICT_CODE, uint32(code))}
	if chain != "" {
		parts = append(parts, text(unix.NFTA_VERDICT_CHAIN, chain))
	}
	return nested(kind, nested(unix.NFTA_DATA_VERDICT, parts...))
}

// parse splits attributes that were joined, the last of each kind. What is no
// attribute ends them.
func parse(b []byte) map[uint16][]byte {
	found := map[uint16][]byte{}
	all, _ := nl.ParseRouteAttr(b)
	for _, a := range all {
		found[a.Attr.Type&^(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER)] = a.Value
	}
	return found
}

func name(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	return nl.BytesToString(b)
}
