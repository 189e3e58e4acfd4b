package network

import (
	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// sent judges what the container sends: it has to be its own address, and none
// of what only a router says. Anything but IP and ARP is no business of a
// container's. What is too short for a field passes each rule that drops by it,
// so in the end only what is long enough for the last field passes.
func (w *planner) sent(t nft.Table, i facts.Interface) []nft.Rule {
	rules := []nft.Rule{
		w.drop(Spoofed, nft.EtherSource.Not(nft.Ether(i.MAC))),
		w.drop(Spoofed, nft.EtherType.Is(nft.VLAN)),
		w.drop(Spoofed, nft.EtherType.Is(nft.QinQ)),
		w.drop(Tenants, w.strangers(t, nft.EtherDest, nft.MAC)...),
		w.drop(Spoofed, nft.ARPSenderEther.Not(nft.Ether(i.MAC))),
		w.drop(Spoofed, nft.ARPSender.Not(nft.Address(anybody4)), nft.ARPSender.NotIn(own(t, w.key, i.Host, nft.IPv4).Name)),
		w.drop(Tenants, w.strangers(t, nft.ARPTarget, nft.IPv4)...),
		allow(nft.ARPTarget.Not(nft.Address(everybody4))),
	}
	rules = append(rules, w.sent4(t, i)...)
	rules = append(rules, w.sent6(t, i)...)
	rules = append(rules, w.bridged(t, i)...)
	return append(rules, allow(nft.Dest4.Not(nft.Address(anybody4))), allow(nft.Dest6.Not(nft.Address(anybody6))), w.drop(Spoofed))
}

func (w *planner) sent4(t nft.Table, i facts.Interface) []nft.Rule {
	rules := []nft.Rule{
		allow(nft.Source4.Is(nft.Address(anybody4)), nft.Dest4.Is(nft.Address(everybody4)),
			nft.UDPSource.Is(nft.Number(bootpClient)), nft.UDPDest.Is(nft.Number(bootpServer))),
		w.drop(Spoofed, nft.Source4.NotIn(own(t, w.key, i.Host, nft.IPv4).Name)),
		w.drop(Spoofed, nft.Protocol.Is(nft.IP4), nft.UDPSource.Is(nft.Number(bootpServer))),
		w.drop(Spoofed, nft.Dest4.Within(loopback4)),
	}
	rules = append(rules, w.listed(nft.Dest4, linkLocal4)...)
	return append(rules,
		w.drop(Metadata, nft.Dest4.Within(linkLocal4)),
		w.drop(Tenants, w.strangers(t, nft.Dest4, nft.IPv4)...),
		w.drop(Tenants, nft.Protocol.Is(nft.IP4), nft.PacketType.Is(nft.Broadcast)),
		w.drop(Tenants, nft.Protocol.Is(nft.IP4), nft.PacketType.Is(nft.Multicast)),
	)
}

func (w *planner) sent6(t nft.Table, i facts.Interface) []nft.Rule {
	rules := []nft.Rule{
		w.drop(Spoofed, nft.ICMP6Type.Is(nft.RouterAdvert)),
		w.drop(Spoofed, nft.ICMP6Type.Is(nft.Redirect6)),
		w.drop(Spoofed, nft.Protocol.Is(nft.IP6), nft.UDPSource.Is(nft.Number(dhcp6Server))),
	}
	rules = append(rules, w.claimed(i)...)
	rules = append(rules,
		allow(nft.Source6.Is(nft.Address(anybody6)), nft.ICMP6Type.Is(nft.ListenerReport)),
		w.drop(Spoofed, nft.Source6.NotIn(own(t, w.key, i.Host, nft.IPv6).Name)),
		w.drop(Tenants, w.strangers(t, nft.Dest6, nft.IPv6)...))
	rules = append(rules, w.neighbours(i)...)
	rules = append(rules, w.listed(nft.Dest6, linkLocal6, metadata6)...)
	return append(rules,
		w.drop(Metadata, nft.Dest6.Within(linkLocal6)),
		w.drop(Metadata, nft.Dest6.Within(metadata6)),
		w.drop(Tenants, nft.Protocol.Is(nft.IP6), nft.PacketType.Is(nft.Broadcast)),
		w.drop(Tenants, nft.Protocol.Is(nft.IP6), nft.PacketType.Is(nft.Multicast)),
	)
}

// claimed allows to ask whether another has an address of the container's
// already (RFC 4862, 5.4.2). To ask for another's would keep that one from taking
// it.
func (w *planner) claimed(i facts.Interface) (rules []nft.Rule) {
	for _, a := range i.Six() {
		rules = append(rules, allow(nft.Source6.Is(nft.Address(anybody6)), nft.ICMP6Type.Is(nft.NeighborAsk), nft.NDTarget.Is(nft.Hex(a.AsSlice()))))
	}
	return rules
}

// Neighbour discovery's messages with and without an option of a hardware
// address, in bytes (RFC 4861, 4.3, 4.4 and 4.6.1), and that option's type and
// length.
const (
	ndBare, ndOption = 24, 32
)

var (
	sourceOption = []byte{1, 1}
	targetOption = []byte{2, 1}
)

// neighbours lets the container find its neighbours, and be found, by its own
// hardware address. Nothing may follow in which there could be another.
func (w *planner) neighbours(i facts.Interface) (rules []nft.Rule) {
	option := func(kind []byte) nft.Statement { return nft.NDOption.Is(nft.Hex(append(kind[:2:2], i.MAC...))) }
	for _, a := range i.Six() {
		answer := nft.Rule{nft.ICMP6Type.Is(nft.NeighborAnswer), nft.NDTarget.Is(nft.Hex(a.AsSlice()))}
		rules = append(rules,
			allow(append(answer[:2:2], nft.Length6.Is(nft.Number(ndOption)), option(targetOption))...),
			allow(append(answer[:2:2], nft.Length6.Is(nft.Number(ndBare)))...))
	}
	ask := nft.ICMP6Type.Is(nft.NeighborAsk)
	return append(rules,
		w.drop(Spoofed, nft.ICMP6Type.Is(nft.NeighborAnswer)),
		allow(ask, nft.Length6.Is(nft.Number(ndOption)), option(sourceOption)),
		allow(ask, nft.Length6.Is(nft.Number(ndBare))),
		w.drop(Spoofed, ask),
		allow(nft.ICMP6Type.Is(nft.RouterSolicit)),
		allow(nft.ICMP6Type.Is(nft.ListenerReport)))
}
