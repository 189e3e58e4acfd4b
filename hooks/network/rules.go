package network

import (
	"net/netip"

	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

var (
	all4 = netip.MustParsePrefix("0.0.0.0/0")
	all6 = netip.MustParsePrefix("::/0")
)

// rules are those of egress or ingress, the first match deciding. far is the
// field with the other end's address. Where connections are not known
// (stateless) only what opens one is judged, as far as a packet shows it.
func (w *planner) rules(all []tenant.NetworkRule, why Reason, far4, far6 nft.Field, stateless bool) (rules []nft.Rule) {
	for _, r := range all {
		prefixes := r.Prefixes
		if len(prefixes) == 0 {
			prefixes = []netip.Prefix{all4, all6}
		}
		for _, p := range prefixes {
			far, protocol := far4, nft.IP4
			if p.Addr().Is6() {
				far, protocol = far6, nft.IP6
			}
			base := nft.Rule{far.Within(p)}
			if p.Bits() == 0 {
				base = nft.Rule{nft.Protocol.Is(protocol)}
			}
			for _, m := range matches(r.Ports, stateless) {
				m = append(append(nft.Rule{}, base...), m...)
				if r.Allow {
					rules = append(rules, allow(m...))
				} else {
					rules = append(rules, w.drop(why, m...))
				}
			}
		}
	}
	return rules
}

// matches are what a packet must have besides addresses, one of them.
func matches(ports []tenant.PortRange, stateless bool) []nft.Rule {
	var all []nft.Rule
	if len(ports) == 0 {
		if !stateless {
			return []nft.Rule{{}}
		}
		return []nft.Rule{{nft.Opening()}, {nft.Transport.Not(nft.TCP)}}
	}
	for _, p := range ports {
		m := nft.Rule{destination(p.Protocol).Ports(p.First, p.Last)}
		if stateless && p.Protocol == "TCP" {
			m = append(m, nft.Opening())
		}
		all = append(all, m)
	}
	return all
}

// destination is the field of a protocol's port.
func destination(protocol string) nft.Field {
	switch protocol {
	case "UDP":
		return nft.UDPDest
	case "SCTP":
		return nft.SCTPDest
	default:
		return nft.TCPDest
	}
}
