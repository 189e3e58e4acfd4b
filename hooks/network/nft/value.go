package nft

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// A Value is what a field is compared with, as it is in a packet.
type Value struct {
	text string
	data []byte
}

func (v Value) String() string { return v.text }

// Bytes are what Elements and Key.Value have of it.
func (v Value) Bytes() string { return string(v.data) }

// Ether is a hardware address.
func Ether(a net.HardwareAddr) Value { return Value{a.String(), a} }

// Address is an IP address.
func Address(a netip.Addr) Value { return Value{a.String(), a.AsSlice()} }

// Hex is for a field that nft has no type for.
func Hex(data []byte) Value { return Value{fmt.Sprintf("0x%x", data), data} }

// Number is a port's, or a length of IP's.
func Number(n uint16) Value {
	return Value{strconv.Itoa(int(n)), binary.BigEndian.AppendUint16(nil, n)}
}

// EtherTypes that have a name.
var (
	IP4   = Value{"ip", []byte{0x08, 0x00}}
	IP6   = Value{"ip6", []byte{0x86, 0xdd}}
	ARP   = Value{"arp", []byte{0x08, 0x06}}
	ICMP  = Value{"icmp", []byte{unix.IPPROTO_ICMP}}
	ICMP6 = Value{"ipv6-icmp", []byte{unix.IPPROTO_ICMPV6}}
	TCP   = Value{"tcp", []byte{unix.IPPROTO_TCP}}
	UDP   = Value{"udp", []byte{unix.IPPROTO_UDP}}
)

// Types of ICMP messages, by the names that nft has for them.
var (
	EchoRequest4   = Value{"echo-request", []byte{8}}
	EchoRequest6   = Value{"echo-request", []byte{128}}
	RouterSolicit  = Value{"nd-router-solicit", []byte{133}}
	RouterAdvert   = Value{"nd-router-advert", []byte{134}}
	NeighborAsk    = Value{"nd-neighbor-solicit", []byte{135}}
	NeighborAnswer = Value{"nd-neighbor-advert", []byte{136}}
	Redirect6      = Value{"nd-redirect", []byte{137}}
	ListenerReport = Value{"mld2-listener-report", []byte{143}}
)
