package shape

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A Tree is a device as it shall be, or as it is. The zero value is none.
type Tree struct {
	Device  string
	Alias   string
	up      bool
	root    bool   // the HTB that the classes are of
	classes []node // a class comes after its parent
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

// deepest is how many tenants can be below each other (TC_HTB_MAXDEPTH).
const deepest = 7

// sorted puts parents first, else smaller numbers.
func sorted(classes []node) []node {
	depth := func(n node) (d int) {
		for d < len(classes) {
			i := slices.IndexFunc(classes, func(p node) bool { return p.id == n.parent })
			if i < 0 {
				break
			}
			n, d = classes[i], d+1
		}
		return d
	}
	depths := map[uint32]int{}
	for _, n := range classes {
		depths[n.id] = depth(n)
	}
	slices.SortFunc(classes, func(a, b node) int {
		return cmp.Or(cmp.Compare(depths[a.id], depths[b.id]), cmp.Compare(a.id, b.id))
	})
	return classes
}

// parent returns the parent of the first of some classes that is there, else 0.
func (t Tree) parent(of ...uint32) uint32 {
	for _, id := range of {
		for _, n := range t.classes {
			if n.id == id {
				return n.parent
			}
		}
	}
	return 0
}

// Without is the tree when a leaf has gone, with the tenants that have no leaf
// then.
func (t Tree) Without(leaf uint16) Tree {
	gone := map[uint32]bool{up(leaf): leaf != 0, down(leaf): leaf != 0}
	for more := true; more; {
		more = false
		for _, n := range t.classes {
			below := slices.ContainsFunc(t.classes, func(c node) bool { return c.parent == n.id && !gone[c.id] })
			if isTenant(n.id) && !gone[n.id] && !below {
				gone[n.id], more = true, true
			}
		}
	}
	t.classes = slices.DeleteFunc(slices.Clone(t.classes), func(n node) bool { return gone[n.id] })
	if len(t.classes) == 0 {
		return Tree{}
	}
	return t
}

// Tree is what bounds the family's leaves, on a device that has something
// already. Where there is no limit, or no leaf, it is none.
func (f Family) Tree(have Tree) (Tree, error) {
	numbers, err := f.numbers(have)
	if err != nil {
		return Tree{}, err
	}
	tree := Tree{Device: f.Device(), Alias: alias(f.Installation, f.outermost()), up: true, root: true}
	for _, d := range directions {
		classes, err := f.classes(d, numbers)
		if err != nil {
			return Tree{}, err
		}
		tree.classes = append(tree.classes, classes...)
	}
	if len(tree.classes) == 0 {
		return Tree{}, nil
	}
	tree.classes = sorted(tree.classes)
	return tree, nil
}

// direction is one of the two, and how its classes are numbered.
type direction struct {
	of           func(Limits) Rate
	leaf, tenant func(uint16) uint32
}

var directions = []direction{
	{func(l Limits) Rate { return l.Egress }, up, tenantUp},
	{func(l Limits) Rate { return l.Ingress }, down, tenantDown},
}

func (f Family) classes(d direction, numbers map[string]uint16) (all []node, err error) {
	made := map[uint32]bool{}
	for _, l := range f.Leaves {
		line := f.line(l.Tenant)
		each := d.of(each(line))
		if each == 0 {
			continue
		}
		if len(line) > deepest {
			return nil, fmt.Errorf("limits.bandwidth holds for tenants at most %d deep, and %s is %d deep; move it up", deepest, l.Tenant, len(line))
		}
		parent, above := uint32(major<<16), Rate(0)
		for i, t := range line {
			id := d.tenant(numbers[t.Name])
			n := node{id: id, parent: parent, ceil: cmp.Or(d.of(together(line[:i+1])), open), quantum: large}
			n.rate, n.burst, n.cburst = n.ceil, burst(n.ceil), burst(n.ceil)
			if above != 0 {
				n.rate, n.burst, n.quantum = min(floor(above), n.ceil), tick, quantum(above)
			}
			if !made[id] {
				all, made[id] = append(all, n), true
			}
			parent, above = id, n.ceil
		}
		all = append(all, node{
			id: d.leaf(l.Number), parent: parent, rate: min(floor(above), each), ceil: each,
			burst: tick, cburst: burst(each), quantum: quantum(above),
			queue: queueFor(each, l.MTU),
		})
	}
	return all, nil
}
