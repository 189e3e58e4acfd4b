package shape

import "slices"

// Plan is what leads from a tree that is there to the one that shall be. Grow
// comes before the rules that send packets to the device are changed, and Shrink
// after.
type Plan struct{ Grow, Shrink []Step }

// Change plans the difference. No packet that waits is lost, but those of leaves
// that go.
func Change(have, want Tree) Plan {
	var p Plan
	if want.Device == "" {
		if have.Device != "" {
			p.Shrink = append(p.Shrink, deleteDevice{have.Device})
		}
		return p
	}
	if have.Device == "" {
		p.Grow = append(p.Grow, addDevice{want.Device})
	}
	if have.Alias != want.Alias || !have.up {
		p.Grow = append(p.Grow, startDevice{want.Device, want.Alias})
	}
	if !have.root {
		p.Grow = append(p.Grow, addRoot{want.Device})
	}
	for _, w := range want.classes {
		i := slices.IndexFunc(have.classes, func(n node) bool { return n.id == w.id })
		switch {
		case i < 0:
			p.Grow = append(p.Grow, setClass{want.Device, w, false})
		case have.classes[i].parent != w.parent: // a tenant that got another parent
			p.Grow = append(p.Grow, deleteClass{want.Device, w.id}, setClass{want.Device, w, false})
			i = -1
		case !have.classes[i].sameClass(w):
			p.Grow = append(p.Grow, setClass{want.Device, w, true})
		}
		if w.queue != (queue{}) && (i < 0 || have.classes[i].queue != w.queue) {
			p.Grow = append(p.Grow, setQueue{want.Device, w.id, w.queue})
		}
	}
	for _, h := range slices.Backward(have.classes) {
		if !slices.ContainsFunc(want.classes, func(n node) bool { return n.id == h.id }) {
			p.Shrink = append(p.Shrink, deleteClass{want.Device, h.id})
		}
	}
	return p
}

func (n node) sameClass(as node) bool {
	n.queue = as.queue
	return n == as
}
