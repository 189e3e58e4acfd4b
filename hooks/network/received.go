package network

import (
	"net/netip"
	"slices"

	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// A container gets nothing that others' walls should have stopped, nothing that
// they let through for servers that containers are not, DHCP's, and not what
// neighbours without walls have no right to send.

func (w *planner) gotARP(t nft.Table, i facts.Interface) []nft.Rule {
	rules := []nft.Rule{w.drop(Tenants, w.strangers(t, nft.ARPSender, nft.IPv4)...)}
	for _, a := range router(i) {
		if a.Is4() {
			rules = append(rules, w.drop(Spoofed, nft.ARPSender.Is(nft.Address(a)), nft.ARPSenderEther.Not(nft.Ether(i.Bridge.MAC))))
		}
	}
	return rules
}

func (w *planner) got4(t nft.Table, i facts.Interface) []nft.Rule {
	return append([]nft.Rule{
		w.drop(Tenants, w.strangers(t, nft.Source4, nft.IPv4)...),
		w.drop(Tenants, nft.Source4.Is(nft.Address(anybody4)), nft.UDPDest.Is(nft.Number(bootpServer))),
	}, w.handed(i, nft.IPv4)...)
}

func (w *planner) got6(t nft.Table, i facts.Interface) []nft.Rule {
	rules := []nft.Rule{w.drop(Tenants, w.strangers(t, nft.Source6, nft.IPv6)...)}
	if node := router(i); node != nil {
		forged := nft.SentFrom.Not(nft.Hex(i.Bridge.MAC))
		for _, a := range node {
			if a.Is6() {
				rules = append(rules, w.drop(Spoofed, nft.ICMP6Type.Is(nft.NeighborAnswer), nft.NDTarget.Is(nft.Hex(a.AsSlice())), forged))
			}
		}
		rules = append(rules, w.drop(Spoofed, nft.ICMP6Type.Is(nft.RouterAdvert), forged), w.drop(Spoofed, nft.ICMP6Type.Is(nft.Redirect6), forged))
	}
	return append(rules, w.handed(i, nft.IPv6)...)
}

// router are the node's addresses on the container's bridge, where it is the
// container's gateway: nobody else may speak as it.
func router(i facts.Interface) []netip.Addr {
	if i.Bridge == nil || !slices.ContainsFunc(i.Gateways, func(g netip.Addr) bool { return slices.Contains(i.Bridge.Addresses, g) }) {
		return nil
	}
	return i.Bridge.Addresses
}

// bridged judges what the container sends by the rules of egress.
func (w *planner) bridged(i facts.Interface, k nft.Key) []nft.Rule {
	if i.Bridge == nil {
		return nil
	}
	routed := []nft.Rule{allow(nft.EtherDest.Is(nft.Ether(i.Bridge.MAC)))}
	return w.beside(routed, w.policy.Network.Egress, Egress, k, destinations)
}

// handed judges what the container is sent by the rules of ingress. What the node
// sends or routes is no packet for somebody else that passes. What it translates
// while it bridges (br_netfilter) is one, but with the node's own address.
func (w *planner) handed(i facts.Interface, k nft.Key) []nft.Rule {
	if i.Bridge == nil {
		return nil
	}
	routed := []nft.Rule{allow(nft.PacketType.Is(nft.ToHost))}
	for _, a := range i.Bridge.Addresses {
		if a.Is6() == (k == nft.IPv6) {
			routed = append(routed, allow(sources[k].Is(nft.Address(a))))
		}
	}
	return w.beside(routed, w.policy.Network.Ingress, Ingress, k, sources)
}

// beside judges by rules what a bridge hands over between the container and a
// neighbour that is no container of ours, without the node routing it. Connections
// are not known here: of TCP the segment that opens one is judged, of others each
// packet.
func (w *planner) beside(routed []nft.Rule, all []tenant.NetworkRule, why Reason, k nft.Key, far ends) []nft.Rule {
	if len(all) == 0 {
		return nil
	}
	rules := routed
	if k == nft.IPv6 {
		rules = append(append(rules, discovery()...), allow(nft.ICMP6Type.Is(nft.RouterAdvert)))
	}
	return append(rules, w.rules(all, why, far.of(k), true)...)
}
