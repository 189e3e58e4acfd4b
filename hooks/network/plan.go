package network

import (
	"fmt"
	"net/netip"
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
func members(t nft.Table, six bool) nft.SetOf {
	return nft.SetOf{Table: t, Name: "members" + version(six), Six: six}
}

func ofTenant(t nft.Table, name string, six bool) nft.SetOf {
	return nft.SetOf{Table: t, Name: "tenant-" + name + "-" + version(six), Six: six}
}

func version(six bool) string {
	if six {
		return "6"
	}
	return "4"
}

// shared is what containers have in common in a table.
func (w *planner) shared(t nft.Table) {
	w.add(t.Add())
	for _, six := range []bool{false, true} {
		w.add(members(t, six).Add())
		for _, name := range w.friends() {
			w.add(ofTenant(t, name, six).Add())
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
		for _, six := range []bool{false, true} {
			if all := w.all(six); len(all) > 0 {
				w.add(members(t, six).Put("", all...), ofTenant(t, w.policy.Name, six).Put("", all...))
			}
		}
	}
}

// all are the addresses of the interfaces that have walls.
func (f Facts) all(six bool) (addresses []netip.Addr) {
	for _, i := range f.Interfaces {
		switch {
		case i.Host == "":
		case six:
			addresses = append(addresses, i.Six()...)
		default:
			addresses = append(addresses, i.Four()...)
		}
	}
	return addresses
}

// strangers matches what is in members and of no friend's.
func (w *planner) strangers(t nft.Table, f nft.Field, six bool) nft.Rule {
	r := nft.Rule{f.In(members(t, six).Name)}
	for _, name := range w.friends() {
		r = append(r, f.NotIn(ofTenant(t, name, six).Name))
	}
	return r
}

// familiar returns early for what a friend's container sends or gets.
func (w *planner) familiar(t nft.Table, f nft.Field, six bool) (rules []nft.Rule) {
	for _, name := range w.friends() {
		rules = append(rules, nft.Rule{f.In(ofTenant(t, name, six).Name), nft.Return()})
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
