package network

import (
	"fmt"
	"strings"

	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Facts are what a plan is made of besides policy.
type Facts struct {
	Name
	Interfaces []facts.Interface
}

// Plan is what stands around one container's network.
type Plan struct {
	nft.Script
	of Facts
}

// String has a line of ip or nft for each step.
func (p *Plan) String() string {
	var b strings.Builder
	for _, pin := range p.of.pins() {
		fmt.Fprintln(&b, pin)
	}
	return b.String() + p.Script.String()
}

// planner writes the script.
type planner struct {
	Facts
	policy *tenant.Policy
	node   *tenant.Node
	key    string
	out    nft.Script
}

// Walls plans those of a container. Interfaces without an end on this node have
// none.
func Walls(p *tenant.Policy, node *tenant.Node, f Facts) *Plan {
	w := &planner{Facts: f, policy: p, node: node, key: f.Key()}
	w.shared(frames(f.Installation))
	w.shared(packets(f.Installation))
	w.addresses()
	for _, i := range f.Interfaces {
		if i.Host != "" {
			w.frames(i)
		}
	}
	w.packets()
	return &Plan{w.out, f}
}

func (w *planner) add(c ...nft.Command) { w.out = append(w.out, c...) }

// chain makes a chain with these rules and no others.
func (w *planner) chain(t nft.Table, name string, rules []nft.Rule) {
	w.add(t.AddChain(name), t.FlushChain(name))
	for _, r := range rules {
		w.add(t.AddRule(name, r))
	}
}

// The sets of a table: all containers' addresses, and a tenant's.
func members(t nft.Table, k nft.Key) nft.SetOf {
	return nft.SetOf{Table: t, Name: "members-" + short[k], Key: k}
}

func ofTenant(t nft.Table, name string, k nft.Key) nft.SetOf {
	return nft.SetOf{Table: t, Name: "tenant-" + name + "-" + short[k], Key: k}
}

// short is how the names of sets say what they are of.
var short = map[nft.Key]string{nft.IPv4: "4", nft.IPv6: "6", nft.MAC: "mac"}

// keysOf are the kinds of addresses that a table knows.
func keysOf(t nft.Table) []nft.Key {
	if t.Family == nft.NetDev {
		return []nft.Key{nft.IPv4, nft.IPv6, nft.MAC}
	}
	return []nft.Key{nft.IPv4, nft.IPv6}
}

// shared is what containers have in common in a table.
func (w *planner) shared(t nft.Table) {
	w.add(t.Add())
	for _, k := range keysOf(t) {
		w.add(members(t, k).Add())
		for _, name := range w.friends() {
			w.add(ofTenant(t, name, k).Add())
		}
	}
	for _, r := range Reasons {
		w.add(t.AddCounter(r.counter(w.key)))
	}
}

// friends are the tenant and its peers, whose containers it may reach.
func (w *planner) friends() []string {
	return append([]string{w.policy.Name}, w.policy.Network.Peers...)
}

// addresses puts the container's into the sets.
func (w *planner) addresses() {
	for _, t := range []nft.Table{frames(w.Installation), packets(w.Installation)} {
		for _, k := range keysOf(t) {
			if all := w.all(k); len(all) > 0 {
				w.add(members(t, k).Put("", all...), ofTenant(t, w.policy.Name, k).Put("", all...))
			}
		}
	}
}

// all are the addresses of the interfaces that have walls.
func (f Facts) all(k nft.Key) (addresses []nft.Value) {
	for _, i := range f.Interfaces {
		if i.Host != "" {
			addresses = append(addresses, addressesOf(i, k)...)
		}
	}
	return addresses
}

func addressesOf(i facts.Interface, k nft.Key) (all []nft.Value) {
	if k == nft.MAC {
		return []nft.Value{nft.Ether(i.MAC)}
	}
	for _, a := range i.Addresses {
		if a.Is6() == (k == nft.IPv6) {
			all = append(all, nft.Address(a))
		}
	}
	return all
}

// strangers matches what is in members and of no friend's.
func (w *planner) strangers(t nft.Table, f nft.Field, k nft.Key) nft.Rule {
	r := nft.Rule{f.In(members(t, k).Name)}
	for _, name := range w.friends() {
		r = append(r, f.NotIn(ofTenant(t, name, k).Name))
	}
	return r
}

// familiar returns early for what a friend's container sends or gets.
func (w *planner) familiar(t nft.Table, f nft.Field, k nft.Key) (rules []nft.Rule) {
	for _, name := range w.friends() {
		rules = append(rules, nft.Rule{f.In(ofTenant(t, name, k).Name), nft.Return()})
	}
	return rules
}

// drop counts and ends what the matches hold for.
func (w *planner) drop(why Reason, matches ...nft.Statement) nft.Rule {
	return append(append(nft.Rule{}, matches...), nft.Count(why.counter(w.key)), nft.Drop())
}

func allow(matches ...nft.Statement) nft.Rule {
	return append(append(nft.Rule{}, matches...), nft.Return())
}

func hook(kind, key, end string) string { return fmt.Sprintf("%s-%s-%s", kind, key, end) }
