package compile

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// mostRules bounds the rules of one tenant in one direction, its ancestors'
// included: a connection is compared with all of them.
const mostRules = 1024

// rule compiles one rule of egress or ingress; ends is its key of addresses.
func (k *compiler) rule(o *Object, key, ends string, action v1alpha1.NetworkAction, peers []v1alpha1.Peer, ports []v1alpha1.Port) tenant.NetworkRule {
	if peers != nil && len(peers) == 0 {
		k.bad(o, key+"."+ends, "is empty; remove it for any address")
	}
	out := tenant.NetworkRule{Allow: action == "Allow", Ports: k.ports(o, key+".ports", ports)}
	for i, p := range peers {
		out.Prefixes = append(out.Prefixes, k.prefix(o, fmt.Sprintf("%s.%s[%d].cidr", key, ends, i), p.CIDR))
	}
	out.Prefixes = widest(out.Prefixes)
	return out
}

// rulesOf puts the rules of a tenant's ancestors into its own, so that nothing
// passes which one of them denies.
func (k *compiler) rulesOf(tenants []*Object) {
	done := map[*Object]bool{}
	var visit func(o *Object)
	visit = func(o *Object) {
		if done[o] {
			return
		}
		done[o] = true
		n := &k.policy(o).Network
		if parent := k.parents[o]; parent != nil {
			visit(parent)
			above := k.policy(parent).Network
			n.Egress, n.Ingress = both(above.Egress, n.Egress), both(above.Ingress, n.Ingress)
		}
		n.Egress, n.Ingress = ended(n.Egress), ended(n.Ingress)
		for _, of := range []struct {
			key   string
			rules *[]tenant.NetworkRule
		}{{"spec.network.egress", &n.Egress}, {"spec.network.ingress", &n.Ingress}} {
			if len(*of.rules) > mostRules {
				k.exceeds(o, of.key, fmt.Sprintf("makes %d rules with those of its ancestors; want at most %d: write fewer", len(*of.rules), mostRules))
				*of.rules = nil
			}
		}
	}
	for _, o := range tenants {
		visit(o)
	}
}

// both returns one list that allows exactly what two lists allow, each judged
// by its first match. A connection that matches an allowing rule of the first
// list is judged by the second list's.
func both(first, second []tenant.NetworkRule) []tenant.NetworkRule {
	var out []tenant.NetworkRule
	anything := tenant.NetworkRule{Allow: true}
	for _, a := range append(slices.Clone(first), anything) {
		if !a.Allow {
			out = append(out, a)
			continue
		}
		for _, b := range append(slices.Clone(second), anything) {
			if r, ok := meet(a, b); ok {
				out = append(out, r)
			}
		}
	}
	return out
}

// meet is a rule, with the second's action, for what two rules match.
func meet(a, b tenant.NetworkRule) (tenant.NetworkRule, bool) {
	prefixes, some := common(a.Prefixes, b.Prefixes, func(p, q netip.Prefix) (netip.Prefix, bool) {
		if p.Bits() < q.Bits() {
			return q, p.Overlaps(q)
		}
		return p, p.Overlaps(q)
	})
	ports, any := common(a.Ports, b.Ports, func(p, q tenant.PortRange) (tenant.PortRange, bool) {
		r := tenant.PortRange{Protocol: p.Protocol, First: max(p.First, q.First), Last: min(p.Last, q.Last)}
		return r, p.Protocol == q.Protocol && r.First <= r.Last
	})
	return tenant.NetworkRule{Allow: b.Allow, Prefixes: widest(prefixes), Ports: merged(ports)}, some && any
}

// common are the parts that two lists share, where an empty list is everything.
// It reports false if they share nothing.
func common[T comparable](a, b []T, part func(T, T) (T, bool)) ([]T, bool) {
	switch {
	case len(a) == 0:
		return b, true
	case len(b) == 0:
		return a, true
	}
	var out []T
	for _, x := range a {
		for _, y := range b {
			if z, ok := part(x, y); ok && !slices.Contains(out, z) {
				out = append(out, z)
			}
		}
	}
	return out, len(out) > 0
}

// ended leaves out the rules that follow one which matches everything, and the
// last ones that allow: nothing matched is allowed too.
func ended(rules []tenant.NetworkRule) []tenant.NetworkRule {
	for i, r := range rules {
		if len(r.Prefixes) == 0 && len(r.Ports) == 0 {
			rules = rules[:i+1]
			break
		}
	}
	for len(rules) > 0 && rules[len(rules)-1].Allow {
		rules = rules[:len(rules)-1]
	}
	return rules
}
