package network

import (
	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// claimed allows to ask whether another has an address of the container's
// already (RFC 4862, 5.4.2). To ask for another's would keep that one from taking
// it.
func (w *planner) claimed(i facts.Interface) (rules []nft.Rule) {
	for _, a := range addressesOf(i, nft.IPv6) {
		rules = append(rules, allow(nft.Source6.Is(nft.Address(anybody6)), nft.ICMP6Type.Is(nft.NeighborAsk), nft.NDTarget.Is(nft.Hex([]byte(a.Bytes())))))
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
	for _, a := range addressesOf(i, nft.IPv6) {
		answer := nft.Rule{nft.ICMP6Type.Is(nft.NeighborAnswer), nft.NDTarget.Is(nft.Hex([]byte(a.Bytes())))}
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

// discovery is what hosts on a link say to each other.
func discovery() []nft.Rule {
	return []nft.Rule{
		allow(nft.ICMP6Type.Is(nft.RouterSolicit)), allow(nft.ICMP6Type.Is(nft.NeighborAsk)),
		allow(nft.ICMP6Type.Is(nft.NeighborAnswer)), allow(nft.ICMP6Type.Is(nft.ListenerReport)),
	}
}
