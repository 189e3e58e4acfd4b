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

// ends are the fields with the other end's address, of the versions of IP that a
// chain sees.
type ends map[nft.Key]nft.Field

var destinations, sources = ends{nft.IPv4: nft.Dest4, nft.IPv6: nft.Dest6}, ends{nft.IPv4: nft.Source4, nft.IPv6: nft.Source6}

// of are those of one version alone.
func (e ends) of(k nft.Key) ends { return ends{k: e[k]} }

// rules are those of egress or ingress, the first match deciding. Where
// connections are not known (stateless) only what opens one is judged, as far as a
// packet shows it.
func (w *planner) rules(all []tenant.NetworkRule, why Reason, far ends, stateless bool) (rules []nft.Rule) {
	for _, r := range all {
		prefixes := r.Prefixes
		if len(prefixes) == 0 {
			prefixes = []netip.Prefix{all4, all6}
		}
		for _, p := range prefixes {
			version, protocol := nft.IPv4, nft.IP4
			if p.Addr().Is6() {
				version, protocol = nft.IPv6, nft.IP6
			}
			field, seen := far[version]
			if !seen {
				continue
			}
			base := nft.Rule{field.Within(p)}
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
