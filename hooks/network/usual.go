package network

import (
	"net/netip"

	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// Most of what a container sends is its own, and goes to what the node routes or
// to a container of a friend. That passes with few comparisons, as each costs
// every packet some tens of ns. All else, and what is too short to tell, goes on
// to the rules that say why something is dropped.

// usually goes to what is usual of the container's own packets, an address a
// rule. Neighbour discovery is never usual: it has addresses of its own.
func (w *planner) usually(i facts.Interface) (rules []nft.Rule) {
	for _, a := range addressesOf(i, nft.IPv4) {
		rules = append(rules, nft.Rule{sentAs(i, nft.IP4), nft.From4.Is(nft.Hex([]byte(a.Bytes()))), nft.Jump(hook("usual4", w.key, i.Host))})
	}
	for _, a := range addressesOf(i, nft.IPv6) {
		rules = append(rules, nft.Rule{sentAs(i, nft.IP6), nft.From6.Is(nft.Hex([]byte(a.Bytes()))), nft.Transport.Not(nft.ICMP6), nft.Jump(hook("usual6", w.key, i.Host))})
	}
	return rules
}

// sentAs matches the interface's frames of a protocol.
func sentAs(i facts.Interface, protocol nft.Value) nft.Statement {
	return nft.SenderAndType.Is(nft.Hex([]byte(nft.Ether(i.MAC).Bytes() + protocol.Bytes())))
}

// usual lets through what is routed, but for addresses that only the rules can
// judge, and what a friend's container is sent.
func (w *planner) usual(t nft.Table, i facts.Interface, to nft.Field, k nft.Key, special ...netip.Prefix) []nft.Rule {
	routed := nft.Rule{nft.PacketType.Is(nft.ToHost)}
	if i.Bridge != nil {
		routed = nft.Rule{nft.SentTo.Is(nft.Hex(i.Bridge.MAC))}
	}
	for _, p := range special {
		routed = append(routed, to.NotWithin(p))
	}
	var rules []nft.Rule
	for _, name := range w.friends() {
		rules = append(rules, nft.Rule{nft.EtherDest.In(ofTenant(t, name, nft.MAC).Name), to.In(ofTenant(t, name, k).Name), nft.Accept()})
	}
	return append(rules, append(routed, to.NotIn(members(t, k).Name), nft.Accept()))
}
