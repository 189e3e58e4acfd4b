package shape

import (
	"slices"
	"time"
)

// A Leaf is one network namespace of a tenant's containers.
type Leaf struct {
	Number uint16
	MTU    int // the largest of its interfaces; 0: 1500
}

// A Tree is a device as it shall be, or as it is. The zero value is none.
type Tree struct {
	Device  string
	Alias   string
	up      bool
	root    bool   // the HTB that the classes are of
	Classes []node // a class comes after its parent
}

// node is an HTB class; one with a queue is a leaf.
type node struct {
	id, parent uint32
	rate, ceil Rate
	burst      time.Duration // at its rate
	cburst     time.Duration // at its ceil
	quantum    uint32        // bytes
	queue      queue
}

// A Tenant's bandwidth: of all its containers together, and of each.
type Tenant struct {
	Installation, Name string
	Limits, Container  Limits
}

// Tree is what bounds the tenant's leaves. Where there is no limit, or no leaf,
// it is none.
func (t Tenant) Tree(leaves []Leaf) Tree {
	if t.each() == (Limits{}) || len(leaves) == 0 {
		return Tree{}
	}
	each := t.each()
	tree := Tree{Device: Device(t.Installation, t.Name), Alias: alias(t.Installation, t.Name), up: true, root: true}
	leaves = slices.SortedFunc(slices.Values(leaves), func(a, b Leaf) int { return int(a.Number) - int(b.Number) })
	for _, d := range []struct {
		all, each Rate
		parent    uint32
		class     func(uint16) uint32
	}{
		{t.Limits.Egress.whole(), each.Egress, TenantUp, up},
		{t.Limits.Ingress.whole(), each.Ingress, TenantDown, down},
	} {
		if d.each == 0 {
			continue
		}
		if d.all == 0 {
			d.all = open
		}
		tree.Classes = append(tree.Classes, node{
			id: d.parent, parent: major << 16, rate: d.all, ceil: d.all,
			burst: burst(d.all), cburst: burst(d.all), quantum: large, // asks nobody
		})
		for _, l := range leaves {
			tree.Classes = append(tree.Classes, node{
				id: d.class(l.Number), parent: d.parent, rate: min(floor(d.all), d.each), ceil: d.each,
				burst: tick, cburst: burst(d.each), quantum: quantum(d.all),
				queue: queueFor(d.each, l.MTU),
			})
		}
	}
	return tree
}

// Shape is where the packets of a leaf wait.
func (t Tenant) Shape(number uint16) Shape {
	each := t.each()
	if each == (Limits{}) {
		return Shape{}
	}
	s := Shape{Device: Device(t.Installation, t.Name)}
	if each.Egress != 0 {
		s.Up = up(number)
	}
	if each.Ingress != 0 {
		s.Down = down(number)
	}
	return s
}

// each is what a leaf may have at most.
func (t Tenant) each() Limits { return t.Container.within(t.Limits) }
