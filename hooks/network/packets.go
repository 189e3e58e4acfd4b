package network

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// The chains of a container where packets are routed, each with a map from its
// addresses: what it sends to the node, what it sends through it, and what it is
// sent through it.
var passages = []string{"input", "egress", "ingress"}

func verdicts(t nft.Table, passage string, k nft.Key) nft.SetOf {
	return nft.SetOf{Table: t, Name: passage + short[k], Key: k, Verdicts: true}
}

// packets raises what stands where the node receives and routes. Source
// addresses are the container's own by then: its frames were judged. Connections
// that were let through once go on, with their replies and errors.
func (w *planner) packets() {
	t := packets(w.Installation)
	for _, passage := range passages {
		w.add(verdicts(t, passage, nft.IPv4).Add(), verdicts(t, passage, nft.IPv6).Add())
	}
	w.add(t.AddHookOnce("input", nft.Hook{Name: "input", Priority: priority},
		nft.Rule{nft.Confirmed(), nft.Accept()}, nft.Rule{nft.Related(), nft.Accept()},
		nft.Rule{nft.Source4.Verdicts("input4")}, nft.Rule{nft.Source6.Verdicts("input6")}))
	w.add(t.AddHookOnce("forward", nft.Hook{Name: "forward", Priority: priority},
		nft.Rule{nft.Confirmed(), nft.Accept()}, nft.Rule{nft.Related(), nft.Accept()},
		nft.Rule{nft.Source4.Verdicts("egress4")}, nft.Rule{nft.Source6.Verdicts("egress6")},
		nft.Rule{nft.Dest4.Verdicts("ingress4")}, nft.Rule{nft.Dest6.Verdicts("ingress6")}))
	count := w.counted(t)
	w.chain(t, "input-"+w.key, append(count, w.input()...))
	w.chain(t, "egress-"+w.key, append(count, w.egress(t)...))
	w.chain(t, "ingress-"+w.key, append(count, w.ingress(t)...))
	for _, passage := range passages {
		for _, k := range keysOf(t) {
			if addresses := w.all(k); len(addresses) > 0 {
				w.add(verdicts(t, passage, k).Put(passage+"-"+w.key, addresses...))
			}
		}
	}
}

// counted bounds the connections of the container and of its tenant. The chains
// remember what they counted, so another bound is another chain. Only what begins
// a connection comes here: the rest of it, answered or not, is confirmed.
func (w *planner) counted(t nft.Table) []nft.Rule {
	n := w.policy.Network
	var rules []nft.Rule
	for _, b := range []struct {
		of   string // the counter and the chain are this one's
		most int64
	}{{w.key, n.ContainerConnections}, {tenantKey(w.policy.Name), n.Connections}} {
		if b.most <= 0 { // compiled by a version that did not know it
			continue
		}
		counter, chain := Connections.counter(b.of), fmt.Sprintf("count-%s-%d", b.of, b.most)
		w.add(t.AddCounter(counter), t.AddChainOnce(chain, nft.Rule{nft.MoreThan(uint32(b.most)), nft.Count(counter), nft.Drop()}))
		rules = append(rules, nft.Rule{nft.New(), nft.Jump(chain)})
	}
	return rules
}

// tenantKey stands for a tenant where a key stands for a container.
func tenantKey(name string) string { return "tenant-" + name }

// services are those of the node that may be reached, with what is open to all.
func (w *planner) services() []tenant.HostService {
	all := w.policy.Network.Host
	dns := []tenant.PortRange{{Protocol: "UDP", First: 53, Last: 53}, {Protocol: "TCP", First: 53, Last: 53}}
	for _, a := range w.node.Network.DNS {
		all = append(all[:len(all):len(all)], tenant.HostService{Address: a, Ports: dns})
	}
	for _, i := range w.Interfaces { // where an engine has a resolver of its own
		for _, a := range i.Gateways {
			all = append(all[:len(all):len(all)], tenant.HostService{Address: a, Ports: dns})
		}
	}
	return all
}

// listed allows the services with an address in ranges that are closed else, by
// their ports: a cloud's resolver may be where its metadata is.
func (w *planner) listed(to nft.Field, ranges ...netip.Prefix) (rules []nft.Rule) {
	for _, s := range w.services() {
		if !slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return p.Contains(s.Address) }) {
			continue
		}
		for _, m := range matches(s.Ports, false) {
			rules = append(rules, allow(append(nft.Rule{to.Is(nft.Address(s.Address))}, m...)...))
		}
	}
	return rules
}

// input closes the node but for what is listed. An address of the node that has a
// listed service may be pinged.
func (w *planner) input() []nft.Rule {
	rules := discovery()
	for _, s := range w.policy.Network.Host {
		if !s.Address.Is6() {
			rules = append(rules, allow(append(at(s), nft.ICMP4Type.Is(nft.EchoRequest4))...))
		}
		if !s.Address.Is4() {
			rules = append(rules, allow(append(at(s), nft.ICMP6Type.Is(nft.EchoRequest6))...))
		}
	}
	for _, s := range w.services() {
		for _, m := range matches(s.Ports, false) {
			rules = append(rules, allow(append(at(s), m...)...))
		}
	}
	return append(rules, w.drop(Host))
}

// at matches a service's address, if it has one.
func at(s tenant.HostService) nft.Rule {
	switch a := s.Address; {
	case a.Is4():
		return nft.Rule{nft.Dest4.Is(nft.Address(a))}
	case a.Is6():
		return nft.Rule{nft.Dest6.Is(nft.Address(a))}
	}
	return nft.Rule{}
}

// egress judges what the container opens through the node, where a service's
// address has become that of its backend already.
func (w *planner) egress(t nft.Table) []nft.Rule {
	rules := append(w.familiar(t, nft.Dest4, nft.IPv4), w.familiar(t, nft.Dest6, nft.IPv6)...)
	rules = append(rules, discovery()...)
	rules = append(rules,
		w.drop(Tenants, w.strangers(t, nft.Dest4, nft.IPv4)...),
		w.drop(Tenants, w.strangers(t, nft.Dest6, nft.IPv6)...))
	rules = append(rules, w.listed(nft.Dest4, linkLocal4)...)
	rules = append(rules, w.listed(nft.Dest6, metadata6)...)
	rules = append(rules, w.drop(Metadata, nft.Dest4.Within(linkLocal4)), w.drop(Metadata, nft.Dest6.Within(metadata6)))
	return append(rules, w.rules(w.policy.Network.Egress, Egress, destinations, false)...)
}

// ingress judges what others open to the container through the node.
func (w *planner) ingress(t nft.Table) []nft.Rule {
	rules := append(w.familiar(t, nft.Source4, nft.IPv4), w.familiar(t, nft.Source6, nft.IPv6)...)
	rules = append(rules, discovery()...)
	rules = append(rules,
		w.drop(Tenants, w.strangers(t, nft.Source4, nft.IPv4)...),
		w.drop(Tenants, w.strangers(t, nft.Source6, nft.IPv6)...))
	return append(rules, w.rules(w.policy.Network.Ingress, Ingress, sources, false)...)
}
