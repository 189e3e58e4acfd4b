package compile

import (
	"fmt"
	"slices"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// withinNetwork refuses what a parent's network does not reach. Of egress and
// ingress there is nothing to refuse: rulesOf puts the parent's into them.
func (k *compiler) withinNetwork(o *Object, p, q *tenant.Network) {
	parent := k.parents[o].Name()
	if p.Namespace == tenant.HostNetwork && q.Namespace != tenant.HostNetwork {
		k.exceeds(o, "spec.network.namespace", fmt.Sprintf("is Host and %s of its parent %s; remove it or set the parent's", q.Namespace, parent))
	}
	if p.Walls == tenant.WallsPreferred && q.Walls == tenant.WallsRequired {
		k.exceeds(o, "spec.network.walls", "is Preferred and Required of its parent "+parent+"; remove it or set the parent's")
	}
	for _, name := range p.Peers {
		inside := name == parent || slices.Contains(k.ancestors(k.tenants[name]), parent)
		if !inside && !slices.Contains(q.Peers, name) {
			k.exceeds(o, "spec.network.peers", fmt.Sprintf("has %s, which its parent %s has not; remove it or add it to the parent's", name, parent))
		}
	}
	for i, s := range p.Host {
		if !slices.ContainsFunc(q.Host, func(t tenant.HostService) bool { return reaches(t, s) }) {
			k.exceeds(o, fmt.Sprintf("spec.network.host[%d]", i), "is more than an entry of its parent "+parent+" has; narrow it or add it to the parent's")
		}
	}
}

// reaches reports that a service has all of another: the same address, and of
// each range of ports every one.
func reaches(t, s tenant.HostService) bool {
	if t.Address != s.Address {
		return false
	}
	if len(t.Ports) == 0 || len(s.Ports) == 0 {
		return len(t.Ports) == 0
	}
	for _, p := range s.Ports {
		if !slices.ContainsFunc(t.Ports, func(q tenant.PortRange) bool {
			return p.Protocol == q.Protocol && q.First <= p.First && p.Last <= q.Last
		}) {
			return false
		}
	}
	return true
}
