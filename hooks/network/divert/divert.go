// Package divert sends the packets of containers to where they wait for their
// bandwidth (hooks/network/shape), with a table of nftables in the network
// namespace that holds the nodes' ends of their interfaces.
//
// Every direction of an interface has a chain. Its priority is behind that of
// everything that may drop a packet: what "fwd" sends away comes back behind all
// chains of that hook, so nobody else would see it. A packet that was diverted in
// tc would come back before them, and skip them.
package divert

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
)

// priority is behind filters, which are at 0.
const priority = 300

// An Interface is the node's end of one of a container's.
type Interface struct {
	Name  string
	Shape shape.Shape
}

// Table is the name of an installation's table, in the family netdev.
func Table(installation string) string {
	if installation == "" {
		return "bulkhead-bandwidth"
	}
	return "bulkhead-bandwidth-" + installation
}

// A Chain is one that is there.
type Chain string

// The two chains of an interface. What a container sends is what comes in here.
const (
	upPrefix   = "up-"
	downPrefix = "down-"
)

// Interface is whose chain it is.
func (c Chain) Interface() string {
	_, name, _ := strings.Cut(string(c), "-")
	return name
}

// A Plan is done in one transaction.
type Plan struct {
	table string
	steps []step
}

// String has a line of nft for each step.
func (p Plan) String() string {
	var b strings.Builder
	for _, s := range p.steps {
		fmt.Fprintln(&b, s.text(p.table))
	}
	return b.String()
}

// Empty reports that there is nothing to do.
func (p Plan) Empty() bool { return len(p.steps) == 0 }

// Set plans the chains of some interfaces, and takes away those of others. What
// is there of an interface that is in neither list stays.
func Set(installation string, have []Chain, set []Interface, gone []string) Plan {
	p := Plan{table: Table(installation)}
	var want []Chain
	for _, i := range set {
		for _, c := range i.chains() {
			want = append(want, Chain(c.name))
			p.steps = append(p.steps, c, flush{c.name}, rule{c.name, c.class, i.Shape.Device})
		}
		gone = append(gone, i.Name)
	}
	if len(want) > 0 {
		p.steps = slices.Insert(p.steps, 0, step(table{}))
	}
	left := len(want)
	for _, h := range have {
		switch {
		case slices.Contains(want, h):
		case slices.Contains(gone, h.Interface()):
			p.steps = append(p.steps, flush{string(h)}, remove{string(h)})
		default:
			left++
		}
	}
	if left == 0 && len(have) > 0 {
		p.steps = []step{removeTable{}}
	}
	return p
}

// Among reports whether the chains of the interface are those among what is
// there.
func (i Interface) Among(have []Chain) bool {
	up, down := slices.Contains(have, Chain(upPrefix+i.Name)), slices.Contains(have, Chain(downPrefix+i.Name))
	return up == (i.Shape.Up != 0) && down == (i.Shape.Down != 0)
}

func (i Interface) chains() (all []chain) {
	if i.Shape.Up != 0 {
		all = append(all, chain{upPrefix + i.Name, i.Name, ingress, i.Shape.Up})
	}
	if i.Shape.Down != 0 {
		all = append(all, chain{downPrefix + i.Name, i.Name, egress, i.Shape.Down})
	}
	return all
}
