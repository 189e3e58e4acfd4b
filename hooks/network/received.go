package network

import (
	"net/netip"
	"slices"

	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// received keeps from the container what others' walls should have stopped, what
// they let through for servers that containers are not, DHCP's, and what neighbours
// send that have none.
func (w *planner) received(t nft.Table, i facts.Interface) []nft.Rule {
	rules := []nft.Rule{
		w.drop(Tenants, w.strangers(t, nft.ARPSender, nft.IPv4)...),
		w.drop(Tenants, w.strangers(t, nft.Source4, nft.IPv4)...),
		w.drop(Tenants, w.strangers(t, nft.Source6, nft.IPv6)...),
		w.drop(Tenants, nft.Source4.Is(nft.Address(anybody4)), nft.UDPDest.Is(nft.Number(bootpServer))),
	}
	rules = append(rules, w.routers(i)...)
	return append(rules, w.beside(t, i, w.policy.Network.Ingress, Ingress, fromNode, nft.Source4, nft.Source6)...)
}

// routers keeps others from speaking as the node, where that is the router.
func (w *planner) routers(i facts.Interface) (rules []nft.Rule) {
	if i.Bridge == nil || !slices.ContainsFunc(i.Gateways, func(g netip.Addr) bool { return slices.Contains(i.Bridge.Addresses, g) }) {
		return nil
	}
	forged := nft.SentFrom.Not(nft.Hex(i.Bridge.MAC))
	for _, a := range i.Bridge.Addresses {
		if a.Is4() {
			rules = append(rules, w.drop(Spoofed, nft.ARPSender.Is(nft.Address(a)), nft.ARPSenderEther.Not(nft.Ether(i.Bridge.MAC))))
			continue
		}
		rules = append(rules, w.drop(Spoofed, nft.ICMP6Type.Is(nft.NeighborAnswer), nft.NDTarget.Is(nft.Hex(a.AsSlice())), forged))
	}
	return append(rules,
		w.drop(Spoofed, nft.ICMP6Type.Is(nft.RouterAdvert), forged),
		w.drop(Spoofed, nft.ICMP6Type.Is(nft.Redirect6), forged))
}

// bridged judges what the container sends by the rules of egress.
func (w *planner) bridged(t nft.Table, i facts.Interface) []nft.Rule {
	return w.beside(t, i, w.policy.Network.Egress, Egress, toNode, nft.Dest4, nft.Dest6)
}

func toNode(b *facts.Bridge) []nft.Rule { return []nft.Rule{allow(nft.EtherDest.Is(nft.Ether(b.MAC)))} }

// fromNode knows what the node sends or routes: it is no packet for somebody else
// that passes. What it translates while it bridges (br_netfilter) is one, but with
// the node's own address.
func fromNode(b *facts.Bridge) []nft.Rule {
	rules := []nft.Rule{allow(nft.PacketType.Is(nft.ToHost))}
	for _, a := range b.Addresses {
		source := nft.Source4
		if a.Is6() {
			source = nft.Source6
		}
		rules = append(rules, allow(source.Is(nft.Address(a))))
	}
	return rules
}

// beside judges by rules what a bridge hands over between the container and a
// neighbour that is no container of ours, without the node routing it. Connections
// are not known here: of TCP the segment that opens one is judged, of others each
// packet.
func (w *planner) beside(t nft.Table, i facts.Interface, all []tenant.NetworkRule, why Reason, routed func(*facts.Bridge) []nft.Rule, far4, far6 nft.Field) []nft.Rule {
	if i.Bridge == nil || len(all) == 0 {
		return nil
	}
	rules := append(append(routed(i.Bridge), discovery()...), allow(nft.ICMP6Type.Is(nft.RouterAdvert)))
	rules = append(rules, w.familiar(t, far4, nft.IPv4)...)
	rules = append(rules, w.familiar(t, far6, nft.IPv6)...)
	return append(rules, w.rules(all, why, far4, far6, true)...)
}
