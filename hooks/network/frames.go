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

// Ports of DHCP (RFC 2131, RFC 8415).
const (
	bootpServer, bootpClient = 67, 68
	dhcp6Server              = 547
)

// frames raises what stands at the node's end of one interface. It knows no
// connections: what is let through here is judged once more where it is routed.
func (w *planner) frames(i facts.Interface) {
	t := frames(w.Installation)
	from, to, check := hook("from", w.key, i.Host), hook("to", w.key, i.Host), hook("check", w.key, i.Host)
	for _, k := range keysOf(t) {
		own, all := own(t, w.key, i.Host, k), addressesOf(i, k)
		w.add(own.Add(), own.Flush())
		if len(all) > 0 {
			w.add(own.Put("", all...))
		}
	}
	w.chain(t, check, w.sent(t, i))
	w.hook(t, from, nft.Hook{Name: "ingress", Device: i.Host, Priority: priority}, nft.Rule{nft.Jump(check)})
	w.hook(t, to, nft.Hook{Name: "egress", Device: i.Host, Priority: priority}, w.received(t, i)...)
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
