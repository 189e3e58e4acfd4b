package compile

import (
	"fmt"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Capacity is what a node has.
type Capacity struct {
	CPUMilli    int64 // thousandths of a CPU
	MemoryBytes int64
}

// Admit checks that a node can keep what a policy promises: requests, cores of
// tenants' own, and each requests.cpu as a floor under the share that the
// weights give when everybody is busy. objects are what c was compiled of. The
// error is Errors. Integers are rounded against the tenant.
func Admit(objects []*Object, c *Compiled, node Capacity) error {
	a := &admission{Compiled: c, node: node, objects: map[string]*Object{}, children: map[string][]*tenant.Policy{}}
	for _, o := range objects {
		if p := c.Tenants[o.Name()]; o.Tenant != nil && p != nil {
			a.objects[p.Name] = o
			a.order = append(a.order, p)
			a.children[parentOf(p)] = append(a.children[parentOf(p)], p)
		}
	}
	a.memory()
	if exclusive, ok := a.exclusive(); ok && a.cpu() {
		a.floors("", spare(node.CPUMilli, c.Node.Reserved.CPUMilli)-exclusive)
	}
	return a.errs.inOrder(objects).orNil()
}

// admission collects what a node cannot keep.
type admission struct {
	*Compiled
	node     Capacity
	objects  map[string]*Object          // by the tenant's name
	order    []*tenant.Policy            // as the objects come
	children map[string][]*tenant.Policy // by the parent's name; "": without one
	errs     Errors
}

func parentOf(p *tenant.Policy) string {
	if len(p.Ancestors) == 0 {
		return ""
	}
	return p.Ancestors[len(p.Ancestors)-1]
}

func (a *admission) bad(p *tenant.Policy, key, what string) {
	o := a.objects[p.Name]
	a.errs = append(a.errs, &Error{File: o.File, Line: o.at(key), Key: key, What: what})
}

// spare is what is left of the node.
func spare(node, reserved int64) int64 { return max(node-reserved, 0) }

// exclusive checks that somebody else has a core to run on, and returns what
// the cores of tenants' own are together, in thousandths of a CPU.
func (a *admission) exclusive() (sum int64, ok bool) {
	kept := max(1, (a.Node.Reserved.CPUMilli+999)/1000)
	most := max(a.node.CPUMilli/1000-kept, 0)
	ok = true
	for _, p := range a.order {
		n := a.Node.Exclusive[p.Name]
		sum += n
		if n > 0 && sum > most {
			ok = false
			a.bad(p, "spec.cpus", fmt.Sprintf("is Exclusive with %d CPUs, which makes %d with the other tenants' own; this node has %s, of which %d must stay for everybody else: lower limits.cpu",
				n, sum, inCPUs(a.node.CPUMilli), kept))
		}
	}
	return sum * 1000, ok
}

// cpu checks that the node has what is promised of its CPUs. Cores of a
// tenant's own are its own whether it requests them or not.
func (a *admission) cpu() bool {
	return a.fits("cpu", a.node.CPUMilli, a.Node.Reserved.CPUMilli, inCPUs, func(p *tenant.Policy) int64 {
		return max(p.Requests.CPUMilli, a.Node.Exclusive[p.Name]*1000)
	})
}

func (a *admission) memory() {
	a.fits("memory", a.node.MemoryBytes, a.Node.Reserved.MemoryBytes, inBytes, func(p *tenant.Policy) int64 {
		return p.Requests.MemoryBytes
	})
}

// fits checks the sum of what tenants without a parent are promised, which is
// with what those below them are. The first that no longer fits is named: what
// is being applied comes last.
func (a *admission) fits(name string, node, reserved int64, show func(int64) string, asked func(*tenant.Policy) int64) bool {
	var all, sum int64
	for _, p := range a.children[""] {
		all = add(all, asked(p))
	}
	for _, p := range a.children[""] {
		mine := asked(p)
		sum = add(sum, mine)
		if mine == 0 || sum <= spare(node, reserved) {
			continue
		}
		key, what := "spec.requests."+name, "is "+show(mine)
		if name == "cpu" && p.CPUs == tenant.Exclusive {
			key, what = "spec.cpus", "is Exclusive, with "+show(mine)
		}
		a.bad(p, key, fmt.Sprintf("%s of the %s that tenants are promised together; this node has %s less %s reserved: lower a requests.%s or the NodePolicy's reserved.%s",
			what, show(all), show(node), show(reserved), name, name))
		return false
	}
	return true
}

// floors checks each requests.cpu below a parent against the tenant's share of
// the CPU that the parent has when everybody is busy.
func (a *admission) floors(parent string, capacity int64) {
	siblings := a.children[parent]
	var weights int64
	for _, p := range siblings {
		weights += a.weight(p)
	}
	for _, p := range siblings {
		share := a.Node.Exclusive[p.Name] * 1000
		if w := a.weight(p); w > 0 {
			share = capacity * w / weights
		}
		if share < p.Requests.CPUMilli {
			a.below(p, share, capacity, weights)
			continue // a parent without its floor has none for those below
		}
		if limit := p.Limits.CPUMilli; limit != nil {
			share = min(share, *limit)
		}
		a.floors(p.Name, share)
	}
}

// weight is what a tenant has against its siblings: nothing if it is Idle,
// which gives way to all, or has cores of its own.
func (a *admission) weight(p *tenant.Policy) int64 {
	if p.Priority == tenant.Idle || p.CPUs == tenant.Exclusive {
		return 0
	}
	return p.Weight
}

// below says which weight would be enough.
func (a *admission) below(p *tenant.Policy, share, capacity, weights int64) {
	request := p.Requests.CPUMilli
	what := "requests.cpu " + inCPUs(request)
	if own := a.objects[p.Name].Tenant.Spec.Requests.CPU; own == nil || own.MilliValue() < request {
		what = "the " + inCPUs(request) + " that those below it request"
	}
	fix := "lower requests.cpu or the weights of its siblings"
	if rest := capacity - request; rest > 0 {
		// The least w with capacity*w/(w+others) >= request.
		if w := (request*(weights-p.Weight) + rest - 1) / rest; w <= mostWeight {
			fix = fmt.Sprintf("raise it to %d or lower requests.cpu", w)
		}
	}
	a.bad(p, "spec.weight", fmt.Sprintf("is %d of %d, which gives %s when every sibling is busy, less than %s; %s",
		p.Weight, weights, inCPUs(share), what, fix))
}
