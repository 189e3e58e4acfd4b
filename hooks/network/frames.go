package network

import (
	"net/netip"

	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// priority puts the walls before what engines and CNI plugins have at the same
// hooks.
const priority = -20

// Ranges of addresses that mean something. Sources: RFC 3927, RFC 4291, and what
// clouds document of their metadata services.
var (
	loopback4  = netip.MustParsePrefix("127.0.0.0/8")
	linkLocal4 = netip.MustParsePrefix("169.254.0.0/16")
	linkLocal6 = netip.MustParsePrefix("fe80::/10")
	metadata6  = netip.MustParsePrefix("fd00:ec2::254/128")
	anybody4   = netip.MustParseAddr("0.0.0.0")
	anybody6   = netip.MustParseAddr("::")
	everybody4 = netip.MustParseAddr("255.255.255.255")
)

const bootpServer, bootpClient = 67, 68

// frames raises what stands at the node's end of one interface. It knows no
// connections: what is let through here is judged once more where it is routed.
func (w *planner) frames(i facts.Interface) {
	t := frames(w.Installation)
	from, to, check := hook("from", w.key, i.Host), hook("to", w.key, i.Host), hook("check", w.key, i.Host)
	for _, six := range []bool{false, true} {
		own, all := own(t, w.key, i.Host, six), i.Four()
		if six {
			all = i.Six()
		}
		w.add(own.Add(), own.Flush())
		if len(all) > 0 {
			w.add(own.Put("", all...))
		}
	}
	w.chain(t, check, w.sent(t, i))
	w.hook(t, from, nft.Hook{Name: "ingress", Device: i.Host, Priority: priority}, nft.Rule{nft.Jump(check)})
	w.hook(t, to, nft.Hook{Name: "egress", Device: i.Host, Priority: priority}, w.received(t)...)
}

// own are the addresses that may be sent from at an end.
func own(t nft.Table, key, end string, six bool) nft.SetOf {
	return nft.SetOf{Table: t, Name: hook("own"+version(six), key, end), Six: six}
}

func (w *planner) hook(t nft.Table, chain string, h nft.Hook, rules ...nft.Rule) {
	w.add(t.AddHook(chain, h), t.FlushChain(chain))
	for _, r := range rules {
		w.add(t.AddRule(chain, r))
	}
}

// sent judges what the container sends: it has to be its own address, and none
// of what only a router says. Anything but IP and ARP is no business of a
// container's.
func (w *planner) sent(t nft.Table, i facts.Interface) []nft.Rule {
	rules := []nft.Rule{
		w.drop(Spoofed, nft.EtherSource.Not(nft.Ether(i.MAC))),
		w.drop(Spoofed, nft.EtherType.Is(nft.VLAN)),
		w.drop(Spoofed, nft.EtherType.Is(nft.QinQ)),
		w.drop(Spoofed, nft.ARPSenderEther.Not(nft.Ether(i.MAC))),
		w.drop(Spoofed, nft.ARPSender.Not(nft.Address(anybody4)), nft.ARPSender.NotIn(own(t, w.key, i.Host, false).Name)),
		w.drop(Tenants, w.strangers(t, nft.ARPTarget, false)...),
		allow(nft.Protocol.Is(nft.ARP)),
	}
	rules = append(rules, w.sent4(t, i)...)
	rules = append(rules, w.sent6(t, i)...)
	rules = append(rules, w.bridged(t, i)...)
	return append(rules, allow(nft.Protocol.Is(nft.IP4)), allow(nft.Protocol.Is(nft.IP6)), w.drop(Spoofed))
}

func (w *planner) sent4(t nft.Table, i facts.Interface) []nft.Rule {
	rules := []nft.Rule{
		allow(nft.Source4.Is(nft.Address(anybody4)), nft.Dest4.Is(nft.Address(everybody4)),
			nft.UDPSource.Is(nft.Port(bootpClient)), nft.UDPDest.Is(nft.Port(bootpServer))),
		w.drop(Spoofed, nft.Source4.NotIn(own(t, w.key, i.Host, false).Name)),
		w.drop(Spoofed, nft.Protocol.Is(nft.IP4), nft.UDPSource.Is(nft.Port(bootpServer))),
		w.drop(Spoofed, nft.Dest4.Within(loopback4)),
	}
	rules = append(rules, w.listed(nft.Dest4, linkLocal4)...)
	return append(rules,
		w.drop(Metadata, nft.Dest4.Within(linkLocal4)),
		w.drop(Tenants, w.strangers(t, nft.Dest4, false)...),
		w.drop(Tenants, nft.Protocol.Is(nft.IP4), nft.PacketType.Is(nft.Broadcast)),
		w.drop(Tenants, nft.Protocol.Is(nft.IP4), nft.PacketType.Is(nft.Multicast)),
	)
}

func (w *planner) sent6(t nft.Table, i facts.Interface) []nft.Rule {
	mine := own(t, w.key, i.Host, true).Name
	rules := []nft.Rule{
		w.drop(Spoofed, nft.ICMP6Type.Is(nft.RouterAdvert)),
		w.drop(Spoofed, nft.ICMP6Type.Is(nft.Redirect6)),
		allow(nft.Source6.Is(nft.Address(anybody6)), nft.ICMP6Type.Is(nft.NeighborAsk)),
		allow(nft.Source6.Is(nft.Address(anybody6)), nft.ICMP6Type.Is(nft.ListenerReport)),
		w.drop(Spoofed, nft.Source6.NotIn(mine)),
	}
	for _, a := range i.Six() {
		rules = append(rules, allow(nft.ICMP6Type.Is(nft.NeighborAnswer), nft.NDTarget.Is(nft.Hex(a))))
	}
	rules = append(rules,
		w.drop(Spoofed, nft.ICMP6Type.Is(nft.NeighborAnswer)),
		allow(nft.ICMP6Type.Is(nft.NeighborAsk)),
		allow(nft.ICMP6Type.Is(nft.RouterSolicit)),
		allow(nft.ICMP6Type.Is(nft.ListenerReport)),
	)
	rules = append(rules, w.listed(nft.Dest6, linkLocal6, metadata6)...)
	return append(rules,
		w.drop(Metadata, nft.Dest6.Within(linkLocal6)),
		w.drop(Metadata, nft.Dest6.Within(metadata6)),
		w.drop(Tenants, w.strangers(t, nft.Dest6, true)...),
		w.drop(Tenants, nft.Protocol.Is(nft.IP6), nft.PacketType.Is(nft.Broadcast)),
		w.drop(Tenants, nft.Protocol.Is(nft.IP6), nft.PacketType.Is(nft.Multicast)),
	)
}

// received keeps from the container what others' walls should have stopped.
func (w *planner) received(t nft.Table) []nft.Rule {
	return []nft.Rule{
		w.drop(Tenants, w.strangers(t, nft.ARPSender, false)...),
		w.drop(Tenants, w.strangers(t, nft.Source4, false)...),
		w.drop(Tenants, w.strangers(t, nft.Source6, true)...),
	}
}

// bridged judges by the rules of egress what a bridge hands to a neighbour that
// is no container of ours, without the node routing it. Connections are not
// known here: of TCP the segment that opens one is judged, of others each packet.
func (w *planner) bridged(t nft.Table, i facts.Interface) (rules []nft.Rule) {
	if i.Bridge == nil || len(w.policy.Network.Egress) == 0 {
		return nil
	}
	rules = append(rules, allow(nft.EtherDest.Is(nft.Ether(i.Bridge))))
	rules = append(rules, w.familiar(t, nft.Dest4, false)...)
	rules = append(rules, w.familiar(t, nft.Dest6, true)...)
	return append(rules, w.rules(w.policy.Network.Egress, Egress, nft.Dest4, nft.Dest6, true)...)
}
