package shape

import "slices"

// A Family is an outermost tenant and those below it, which have one device: what
// bounds a tenant bounds those below it together with it.
type Family struct {
	Installation string
	Tenants      []Tenant // each after its parent
	Leaves       []Leaf
}

// A Tenant's bandwidth: of all its containers together, with those of the tenants
// below, and of each.
type Tenant struct {
	Name, Parent      string
	Limits, Container Limits
}

// A Leaf is one network namespace of a tenant's containers. Its number is its own
// in the family, and stays.
type Leaf struct {
	Number uint16
	Tenant string
	MTU    int // the largest of its interfaces; 0: 1500
}

// Device is the name of the family's device.
func (f Family) Device() string { return Device(f.Installation, f.outermost()) }

func (f Family) outermost() string { return f.Tenants[0].Name }

// line is a tenant and those above it, the outermost first.
func (f Family) line(name string) (line []Tenant) {
	for {
		i := slices.IndexFunc(f.Tenants, func(t Tenant) bool { return t.Name == name })
		if i < 0 || len(line) == len(f.Tenants) {
			slices.Reverse(line)
			return line
		}
		line, name = append(line, f.Tenants[i]), f.Tenants[i].Parent
	}
}

// together is what the last of a line may have with all of its containers, and
// each what one of them may have.
func together(line []Tenant) (l Limits) {
	for _, t := range line {
		l = l.within(t.Limits)
	}
	return l
}

func each(line []Tenant) Limits {
	l := together(line)
	for _, t := range line {
		l = l.within(t.Container)
	}
	return l
}

// Shape is where the packets of a leaf wait.
func (f Family) Shape(l Leaf) Shape {
	s := Shape{Device: f.Device()}
	limits := each(f.line(l.Tenant))
	if limits == (Limits{}) {
		return Shape{}
	}
	if limits.Egress != 0 {
		s.Up = up(l.Number)
	}
	if limits.Ingress != 0 {
		s.Down = down(l.Number)
	}
	return s
}

// numbers are those of the tenants: the outermost has none of its own, one with
// a leaf on the device keeps what it has there, if it has the same parent still,
// and others get one that is free.
func (f Family) numbers(have Tree) (map[string]uint16, error) {
	had, taken := map[string]uint16{}, map[uint16]bool{}
	for _, n := range have.classes {
		if isTenant(n.id) {
			taken[numberOf(n.id)] = true
		}
	}
	for _, l := range f.Leaves {
		class := have.parent(up(l.Number), down(l.Number))
		for _, t := range slices.Backward(f.line(l.Tenant)) {
			had[t.Name] = numberOf(class)
			class = have.parent(class)
		}
	}
	of := map[string]uint16{f.outermost(): 0}
	for _, t := range f.Tenants[1:] {
		number := had[t.Name]
		if number == 0 || numberOf(have.parent(tenantUp(number), tenantDown(number))) != of[t.Parent] {
			var err error
			if number, err = Number(t.Name, func(n uint16) bool { return taken[n] }); err != nil {
				return nil, err
			}
		}
		of[t.Name], taken[number] = number, true
	}
	return of, nil
}
