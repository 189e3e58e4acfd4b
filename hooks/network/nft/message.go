package nft

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// A message asks nftables for one thing (netlink(7), linux/netfilter/nfnetlink.h).
type message struct {
	kind  int // NFT_MSG_*
	flags int
	Family
	body []attribute
}

// append writes it behind others.
func (m message) append(b []byte, seq uint32) []byte {
	begin := len(b)
	b = header{unix.NFNL_SUBSYS_NFTABLES<<8 | m.kind, m.flags, seq, m.number(), 0}.append(b)
	for _, a := range m.body {
		b = append(b, a...)
	}
	return sized(b, begin)
}

// limit begins or ends a batch.
func limit(b []byte, kind int) []byte {
	return sized(header{kind: kind, resource: unix.NFNL_SUBSYS_NFTABLES}.append(b), len(b))
}

// sized completes the message that begins there.
func sized(b []byte, begin int) []byte {
	binary.NativeEndian.PutUint32(b[begin:], uint32(len(b)-begin))
	return b
}

// header is what every message of netfilter's begins with, after its size.
type header struct {
	kind, flags int
	seq         uint32
	family      uint8
	resource    uint16
}

func (h header) append(b []byte) []byte {
	b = append(b, 0, 0, 0, 0)
	b = binary.NativeEndian.AppendUint16(b, uint16(h.kind))
	b = binary.NativeEndian.AppendUint16(b, uint16(h.flags|unix.NLM_F_REQUEST))
	b = binary.NativeEndian.AppendUint32(b, h.seq)
	b = append(b, 0, 0, 0, 0) // whose: the kernel fills it in
	b = append(b, h.family, unix.NFNETLINK_V0)
	return binary.BigEndian.AppendUint16(b, h.resource)
}
