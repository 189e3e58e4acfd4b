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
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
)

// priority is behind filters, which are at 0.
const priority = 300

// An Interface is the node's end of one of a container's.
type Interface struct {
	Name  string
	Shape shape.Shape
}

// Table is an installation's.
func Table(installation string) nft.Table {
	t := nft.Table{Family: nft.NetDev, Name: "bulkhead-bandwidth"}
	if installation != "" {
		t.Name += "-" + installation
	}
	return t
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

// Read returns an installation's chains in the network namespace of the calling
// thread, none where it has no table.
func Read(installation string) (all []Chain, err error) {
	names, err := Table(installation).Chains()
	for _, n := range names {
		all = append(all, Chain(n))
	}
	return all, err
}

// Set plans the chains of some interfaces, and takes away those of others. What
// is there of an interface that is in neither list stays.
func Set(installation string, have []Chain, set []Interface, gone []string) nft.Script {
	t := Table(installation)
	var script nft.Script
	var want []Chain
	for _, i := range set {
		for _, c := range i.chains() {
			want = append(want, Chain(c.name))
			script = append(script,
				t.AddHook(c.name, nft.Hook{Name: c.hook, Device: i.Name, Priority: priority}),
				t.FlushChain(c.name),
				t.AddRule(c.name, nft.Rule{nft.SetClass(c.class), nft.Forward(i.Shape.Device)}))
		}
		gone = append(gone, i.Name)
	}
	if len(want) > 0 {
		script = slices.Insert(script, 0, t.Add())
	}
	left := len(want)
	for _, h := range have {
		switch {
		case slices.Contains(want, h):
		case slices.Contains(gone, h.Interface()):
			script = append(script, t.FlushChain(string(h)), t.DeleteChain(string(h)))
		default:
			left++
		}
	}
	if left == 0 && len(have) > 0 {
		return nft.Script{t.Delete()}
	}
	return script
}

// Among reports whether the chains of the interface are those among what is
// there.
func (i Interface) Among(have []Chain) bool {
	up, down := slices.Contains(have, Chain(upPrefix+i.Name)), slices.Contains(have, Chain(downPrefix+i.Name))
	return up == (i.Shape.Up != 0) && down == (i.Shape.Down != 0)
}

type chain struct {
	name, hook string
	class      uint32
}

func (i Interface) chains() (all []chain) {
	if i.Shape.Up != 0 {
		all = append(all, chain{upPrefix + i.Name, "ingress", i.Shape.Up})
	}
	if i.Shape.Down != 0 {
		all = append(all, chain{downPrefix + i.Name, "egress", i.Shape.Down})
	}
	return all
}
