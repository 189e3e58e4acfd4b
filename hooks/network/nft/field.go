package nft

import (
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// A Field is a part of a packet, or of what the kernel knows of it.
type Field struct {
	name string
	// What has to be so for the field to be there: it is asked first.
	protocol  uint16 // of Ethernet: an ethertype
	transport uint8  // of IP; 0: any
	load      expr.Any
	bytes     uint32
}

func payload(base expr.PayloadBase, offset, bytes uint32) expr.Any {
	return &expr.Payload{DestRegister: register, Base: base, Offset: offset, Len: bytes}
}

// register is where a value is compared.
const register = 1

// Fields of frames. Offsets are those of IEEE 802.3 and RFC 826.
var (
	EtherSource    = Field{name: "ether saddr", load: payload(expr.PayloadBaseLLHeader, 6, 6), bytes: 6}
	EtherDest      = Field{name: "ether daddr", load: payload(expr.PayloadBaseLLHeader, 0, 6), bytes: 6}
	EtherType      = Field{name: "ether type", load: payload(expr.PayloadBaseLLHeader, 12, 2), bytes: 2}
	PacketType     = Field{name: "meta pkttype", load: &expr.Meta{Key: expr.MetaKeyPKTTYPE, Register: register}, bytes: 1}
	Protocol       = Field{name: "meta protocol", load: &expr.Meta{Key: expr.MetaKeyPROTOCOL, Register: register}, bytes: 2}
	ARPSenderEther = Field{name: "arp saddr ether", protocol: unix.ETH_P_ARP, load: payload(expr.PayloadBaseNetworkHeader, 8, 6), bytes: 6}
	ARPSender      = Field{name: "arp saddr ip", protocol: unix.ETH_P_ARP, load: payload(expr.PayloadBaseNetworkHeader, 14, 4), bytes: 4}
	ARPTarget      = Field{name: "arp daddr ip", protocol: unix.ETH_P_ARP, load: payload(expr.PayloadBaseNetworkHeader, 24, 4), bytes: 4}
)

// Fields of packets. Offsets are those of RFC 791, 8200, 4861 and 9293.
var (
	Source4    = Field{name: "ip saddr", protocol: unix.ETH_P_IP, load: payload(expr.PayloadBaseNetworkHeader, 12, 4), bytes: 4}
	Dest4      = Field{name: "ip daddr", protocol: unix.ETH_P_IP, load: payload(expr.PayloadBaseNetworkHeader, 16, 4), bytes: 4}
	Source6    = Field{name: "ip6 saddr", protocol: unix.ETH_P_IPV6, load: payload(expr.PayloadBaseNetworkHeader, 8, 16), bytes: 16}
	Dest6      = Field{name: "ip6 daddr", protocol: unix.ETH_P_IPV6, load: payload(expr.PayloadBaseNetworkHeader, 24, 16), bytes: 16}
	Transport  = Field{name: "meta l4proto", load: &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register}, bytes: 1}
	ICMP4Type  = Field{name: "icmp type", protocol: unix.ETH_P_IP, transport: unix.IPPROTO_ICMP, load: payload(expr.PayloadBaseTransportHeader, 0, 1), bytes: 1}
	ICMP6Type  = Field{name: "icmpv6 type", protocol: unix.ETH_P_IPV6, transport: unix.IPPROTO_ICMPV6, load: payload(expr.PayloadBaseTransportHeader, 0, 1), bytes: 1}
	TCPDest    = Field{name: "tcp dport", transport: unix.IPPROTO_TCP, load: payload(expr.PayloadBaseTransportHeader, 2, 2), bytes: 2}
	UDPDest    = Field{name: "udp dport", transport: unix.IPPROTO_UDP, load: payload(expr.PayloadBaseTransportHeader, 2, 2), bytes: 2}
	UDPSource  = Field{name: "udp sport", transport: unix.IPPROTO_UDP, load: payload(expr.PayloadBaseTransportHeader, 0, 2), bytes: 2}
	SCTPDest   = Field{name: "sctp dport", transport: unix.IPPROTO_SCTP, load: payload(expr.PayloadBaseTransportHeader, 2, 2), bytes: 2}
	TCPFlags   = Field{name: "tcp flags", transport: unix.IPPROTO_TCP, load: payload(expr.PayloadBaseTransportHeader, 13, 1), bytes: 1}
	Connection = Field{name: "ct state", load: &expr.Ct{Key: expr.CtKeySTATE, Register: register}, bytes: 4}
	// NDTarget is the address that a neighbour solicitation or advertisement is
	// about. nft before 1.0.8 has no word for it.
	NDTarget = Field{name: "@th,64,128", load: payload(expr.PayloadBaseTransportHeader, 8, 16), bytes: 16}
)

// A kind of packet (meta pkttype), as linux/if_packet.h has them.
var (
	Broadcast = Value{"broadcast", []byte{unix.PACKET_BROADCAST}}
	Multicast = Value{"multicast", []byte{unix.PACKET_MULTICAST}}
)
