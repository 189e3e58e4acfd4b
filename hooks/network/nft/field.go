package nft

import (
	"golang.org/x/sys/unix"
)

// A Field is a part of a packet, or of what the kernel knows of it.
type Field struct {
	name string
	// What has to be so for the field to be there: it is asked first.
	ethernet  bool   // the device is one
	protocol  uint16 // of Ethernet: an ethertype
	transport uint8  // of IP; 0: any
	from      origin
	bytes     uint32
}

func (f Field) load() attribute { return f.from.load(f.bytes) }

// Fields of frames. Offsets are those of IEEE 802.3 and RFC 826.
var (
	EtherSource    = Field{name: "ether saddr", ethernet: true, from: payload{unix.NFT_PAYLOAD_LL_HEADER, 6}, bytes: 6}
	EtherDest      = Field{name: "ether daddr", ethernet: true, from: payload{unix.NFT_PAYLOAD_LL_HEADER, 0}, bytes: 6}
	EtherType      = Field{name: "ether type", ethernet: true, from: payload{unix.NFT_PAYLOAD_LL_HEADER, 12}, bytes: 2}
	PacketType     = Field{name: "meta pkttype", from: meta(unix.NFT_META_PKTTYPE), bytes: 1}
	Protocol       = Field{name: "meta protocol", from: meta(unix.NFT_META_PROTOCOL), bytes: 2}
	ARPSenderEther = Field{name: "arp saddr ether", protocol: unix.ETH_P_ARP, from: payload{unix.NFT_PAYLOAD_NETWORK_HEADER, 8}, bytes: 6}
	ARPSender      = Field{name: "arp saddr ip", protocol: unix.ETH_P_ARP, from: payload{unix.NFT_PAYLOAD_NETWORK_HEADER, 14}, bytes: 4}
	ARPTarget      = Field{name: "arp daddr ip", protocol: unix.ETH_P_ARP, from: payload{unix.NFT_PAYLOAD_NETWORK_HEADER, 24}, bytes: 4}
)

// Fields of packets. Offsets are those of RFC 791, 8200, 4861 and 9293.
var (
	Source4    = Field{name: "ip saddr", protocol: unix.ETH_P_IP, from: payload{unix.NFT_PAYLOAD_NETWORK_HEADER, 12}, bytes: 4}
	Dest4      = Field{name: "ip daddr", protocol: unix.ETH_P_IP, from: payload{unix.NFT_PAYLOAD_NETWORK_HEADER, 16}, bytes: 4}
	Source6    = Field{name: "ip6 saddr", protocol: unix.ETH_P_IPV6, from: payload{unix.NFT_PAYLOAD_NETWORK_HEADER, 8}, bytes: 16}
	Dest6      = Field{name: "ip6 daddr", protocol: unix.ETH_P_IPV6, from: payload{unix.NFT_PAYLOAD_NETWORK_HEADER, 24}, bytes: 16}
	Transport  = Field{name: "meta l4proto", from: meta(unix.NFT_META_L4PROTO), bytes: 1}
	ICMP4Type  = Field{name: "icmp type", protocol: unix.ETH_P_IP, transport: unix.IPPROTO_ICMP, from: payload{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 0}, bytes: 1}
	ICMP6Type  = Field{name: "icmpv6 type", protocol: unix.ETH_P_IPV6, transport: unix.IPPROTO_ICMPV6, from: payload{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 0}, bytes: 1}
	TCPDest    = Field{name: "tcp dport", transport: unix.IPPROTO_TCP, from: payload{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 2}, bytes: 2}
	UDPDest    = Field{name: "udp dport", transport: unix.IPPROTO_UDP, from: payload{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 2}, bytes: 2}
	UDPSource  = Field{name: "udp sport", transport: unix.IPPROTO_UDP, from: payload{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 0}, bytes: 2}
	SCTPDest   = Field{name: "sctp dport", transport: unix.IPPROTO_SCTP, from: payload{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 2}, bytes: 2}
	TCPFlags   = Field{name: "tcp flags", transport: unix.IPPROTO_TCP, from: payload{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 13}, bytes: 1}
	Connection = Field{name: "ct state", from: connection(unix.NFT_CT_STATE), bytes: 4}
	// ConnectionStatus has bits of what became of it.
	ConnectionStatus = Field{name: "ct status", from: connection(unix.NFT_CT_STATUS), bytes: 4}
	// NDTarget is the address that a neighbour solicitation or advertisement is
	// about. nft before 1.0.8 has no word for it.
	NDTarget = Field{name: "@th,64,128", from: payload{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 8}, bytes: 16}
	// NDOption is the first option of one: its type, its length in eight bytes, and
	// a hardware address.
	NDOption = Field{name: "@th,192,64", from: payload{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 24}, bytes: 8}
	// Length6 is that of what follows IPv6's header.
	Length6 = Field{name: "ip6 length", protocol: unix.ETH_P_IPV6, from: payload{unix.NFT_PAYLOAD_NETWORK_HEADER, 4}, bytes: 2}
	// SenderAndType are EtherSource and EtherType at once.
	SenderAndType = Field{name: "@ll,48,64", from: payload{unix.NFT_PAYLOAD_LL_HEADER, 6}, bytes: 8}
	// SentTo is EtherDest, From4 and From6 are Source4 and Source6, where what they
	// depend on is known.
	SentTo = Field{name: "@ll,0,48", from: payload{unix.NFT_PAYLOAD_LL_HEADER, 0}, bytes: 6}
	From4  = Field{name: "@nh,96,32", from: payload{unix.NFT_PAYLOAD_NETWORK_HEADER, 12}, bytes: 4}
	From6  = Field{name: "@nh,64,128", from: payload{unix.NFT_PAYLOAD_NETWORK_HEADER, 8}, bytes: 16}
	// SentFrom is EtherSource where packets leave, and come from no device.
	SentFrom = Field{name: "@ll,48,48", from: payload{unix.NFT_PAYLOAD_LL_HEADER, 6}, bytes: 6}
)

// A kind of packet (meta pkttype), as linux/if_packet.h has them.
var (
	ToHost    = Value{"host", []byte{unix.PACKET_HOST}}
	Broadcast = Value{"broadcast", []byte{unix.PACKET_BROADCAST}}
	Multicast = Value{"multicast", []byte{unix.PACKET_MULTICAST}}
)
