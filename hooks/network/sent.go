package network

import (
	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// What a container sends has to have its own address, and be none of what only a
// router says. Anything but IP and ARP is no business of a container's. What is
// too short for a field passes each rule that drops by it, so in the end only
// what is long enough for the last field passes.

// sent judges the frame, and goes on by what it carries.
func (w *planner) sent(t nft.Table, i facts.Interface) []nft.Rule {
	return append([]nft.Rule{
		w.drop(Spoofed, nft.EtherSource.Not(nft.Ether(i.MAC))),
		w.drop(Tenants, w.strangers(t, nft.EtherDest, nft.MAC)...),
	}, append(w.carries("sent", nft.EtherType, i), w.drop(Spoofed))...)
}

func (w *planner) sentARP(t nft.Table, i facts.Interface) []nft.Rule {
	return []nft.Rule{
		w.drop(Spoofed, nft.ARPSenderEther.Not(nft.Ether(i.MAC))),
		w.drop(Spoofed, nft.ARPSender.Not(nft.Address(anybody4)), nft.ARPSender.NotIn(own(t, w.key, i.Host, nft.IPv4).Name)),
		w.drop(Tenants, w.strangers(t, nft.ARPTarget, nft.IPv4)...),
		allow(nft.ARPTarget.Not(nft.Address(everybody4))),
		w.drop(Spoofed),
	}
}

func (w *planner) sent4(t nft.Table, i facts.Interface) []nft.Rule {
	rules := []nft.Rule{
		allow(nft.Source4.Is(nft.Address(anybody4)), nft.Dest4.Is(nft.Address(everybody4)),
			nft.UDPSource.Is(nft.Number(bootpClient)), nft.UDPDest.Is(nft.Number(bootpServer))),
		w.drop(Spoofed, nft.Source4.NotIn(own(t, w.key, i.Host, nft.IPv4).Name)),
		w.drop(Spoofed, nft.UDPSource.Is(nft.Number(bootpServer))),
		w.drop(Spoofed, nft.Dest4.Within(loopback4)),
		w.drop(Tenants, nft.PacketType.Is(nft.Broadcast)),
		w.drop(Tenants, nft.PacketType.Is(nft.Multicast)),
	}
	rules = append(rules, w.familiar(t, nft.Dest4, nft.IPv4)...)
	rules = append(rules, w.listed(nft.Dest4, linkLocal4)...)
	rules = append(rules,
		w.drop(Metadata, nft.Dest4.Within(linkLocal4)),
		w.drop(Tenants, w.strangers(t, nft.Dest4, nft.IPv4)...))
	rules = append(rules, w.bridged(i, nft.IPv4)...)
	return append(rules, allow(nft.Dest4.Not(nft.Address(anybody4))), w.drop(Spoofed))
}

func (w *planner) sent6(t nft.Table, i facts.Interface) []nft.Rule {
	rules := []nft.Rule{
		w.drop(Spoofed, nft.ICMP6Type.Is(nft.RouterAdvert)),
		w.drop(Spoofed, nft.ICMP6Type.Is(nft.Redirect6)),
		w.drop(Spoofed, nft.UDPSource.Is(nft.Number(dhcp6Server))),
	}
	rules = append(rules, w.claimed(i)...)
	rules = append(rules,
		allow(nft.Source6.Is(nft.Address(anybody6)), nft.ICMP6Type.Is(nft.ListenerReport)),
		w.drop(Spoofed, nft.Source6.NotIn(own(t, w.key, i.Host, nft.IPv6).Name)),
		w.drop(Tenants, w.strangers(t, nft.Dest6, nft.IPv6)...))
	rules = append(rules, w.neighbours(i)...)
	rules = append(rules, w.listed(nft.Dest6, linkLocal6, metadata6)...)
	rules = append(rules,
		w.drop(Metadata, nft.Dest6.Within(linkLocal6)),
		w.drop(Metadata, nft.Dest6.Within(metadata6)),
		w.drop(Tenants, nft.PacketType.Is(nft.Broadcast)),
		w.drop(Tenants, nft.PacketType.Is(nft.Multicast)))
	rules = append(rules, w.familiar(t, nft.Dest6, nft.IPv6)...)
	rules = append(rules, w.bridged(i, nft.IPv6)...)
	return append(rules, allow(nft.Dest6.Not(nft.Address(anybody6))), w.drop(Spoofed))
}
