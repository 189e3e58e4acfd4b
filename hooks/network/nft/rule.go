package nft

import (
	"encoding/binary"
	"strings"

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
	encode() ([]attribute, error)
}

// expressions are the rule for the kernel, with what its fields depend on.
func (r Rule) expressions(family Family) (out []attribute, err error) {
	ethernet, protocol, transport := false, uint16(0), uint8(0)
	for _, s := range r {
		f := s.needs()
		if f.ethernet && !ethernet {
			out = append(out, meta(unix.NFT_META_IIFTYPE).load(2), equal(binary.NativeEndian.AppendUint16(nil, unix.ARPHRD_ETHER)))
			ethernet = true
		}
		if f.protocol != 0 && f.protocol != protocol {
			out, protocol = append(out, depend(family, f.protocol)...), f.protocol
		}
		if f.transport != 0 && f.transport != transport {
			out = append(out, Transport.load(), equal([]byte{f.transport}))
			transport = f.transport
		}
		more, err := s.encode()
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// depend asks for the protocol as nft itself does in a family's chains.
func depend(family Family, protocol uint16) []attribute {
	if family == NetDev {
		return []attribute{Protocol.load(), equal(binary.BigEndian.AppendUint16(nil, protocol))}
	}
	number := byte(unix.NFPROTO_IPV4)
	if protocol == unix.ETH_P_IPV6 {
		number = unix.NFPROTO_IPV6
	}
	return []attribute{meta(unix.NFT_META_NFPROTO).load(1), equal([]byte{number})}
}
