package network

import (
	"net/netip"
	"slices"

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

// Ports of DHCP (RFC 2131, RFC 8415).
const (
	bootpServer, bootpClient = 67, 68
	dhcp6Server              = 547
)

// frames raises what stands at the node's end of one interface. It knows no
// connections: what is let through here is judged once more where it is routed.
func (w *planner) frames(i facts.Interface) {
	t := frames(w.Installation)
	for _, k := range keysOf(t) {
		own, all := own(t, w.key, i.Host, k), addressesOf(i, k)
		w.add(own.Add(), own.Flush())
		if len(all) > 0 {
			w.add(own.Put("", all...))
		}
	}
	w.chain(t, hook("sent4", w.key, i.Host), w.sent4(t, i))
	w.chain(t, hook("sent6", w.key, i.Host), w.sent6(t, i))
	w.chain(t, hook("sentarp", w.key, i.Host), w.sentARP(t, i))
	w.chain(t, hook("got4", w.key, i.Host), w.got4(t, i))
	w.chain(t, hook("got6", w.key, i.Host), w.got6(t, i))
	w.chain(t, hook("gotarp", w.key, i.Host), w.gotARP(t, i))
	w.chain(t, hook("usual4", w.key, i.Host), w.usual(t, i, nft.Dest4, nft.IPv4, loopback4, linkLocal4))
	w.chain(t, hook("usual6", w.key, i.Host), w.usual(t, i, nft.Dest6, nft.IPv6, linkLocal6, metadata6))
	w.hook(t, hook("from", w.key, i.Host), nft.Hook{Name: "ingress", Device: i.Host, Priority: priority}, append(w.usually(i), w.sent(t, i)...)...)
	w.hook(t, hook("to", w.key, i.Host), nft.Hook{Name: "egress", Device: i.Host, Priority: priority},
		slices.Concat(w.familiar(t, nft.Source4, nft.IPv4), w.familiar(t, nft.Source6, nft.IPv6), w.carries("got", nft.Protocol, i))...)
}

// ofFrames are how the names of an interface's chains begin; those that others go
// to are behind them.
var ofFrames = []string{"from", "to", "usual4", "usual6", "sentarp", "sent4", "sent6", "gotarp", "got4", "got6"}

// carries goes on by what is in a frame: each packet sees the rules of its own
// protocol.
func (w *planner) carries(kind string, f nft.Field, i facts.Interface) []nft.Rule {
	return []nft.Rule{
		{f.Is(nft.IP4), nft.Goto(hook(kind+"4", w.key, i.Host))},
		{f.Is(nft.IP6), nft.Goto(hook(kind+"6", w.key, i.Host))},
		{f.Is(nft.ARP), nft.Goto(hook(kind+"arp", w.key, i.Host))},
	}
}

// own are the addresses that may be sent from at an end.
func own(t nft.Table, key, end string, k nft.Key) nft.SetOf {
	return nft.SetOf{Table: t, Name: hook("own"+short[k], key, end), Key: k}
}

func (w *planner) hook(t nft.Table, chain string, h nft.Hook, rules ...nft.Rule) {
	w.add(t.AddHook(chain, h), t.FlushChain(chain))
	for _, r := range rules {
		w.add(t.AddRule(chain, r))
	}
}
