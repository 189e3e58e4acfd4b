package compile

import (
	"cmp"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// idle refuses what an Idle tenant cannot be promised: it has what nobody else
// wants, and those below it have a part of that. None of these is Normal: the
// kernel would kill its processes no sooner than those of other tenants.
func (k *compiler) idle(o *Object, p *tenant.Policy) {
	idle := cmp.Or(k.idleAncestor(o), o)
	if k.policy(idle).Priority != tenant.Idle {
		return
	}
	if p.Priority != tenant.Idle {
		k.bad(o, "spec.priority", "is "+string(p.Priority)+" below "+idle.Name()+", which is Idle: all below it have only what nobody else wants, and are the first to be killed for memory; remove it")
	}
	which := "while spec.priority is Idle, which has only what nobody else wants; remove one of them"
	if idle != o {
		which = "below " + idle.Name() + ", which is Idle and has only what nobody else wants; remove it"
	}
	if p.Requests != (tenant.Amounts{}) {
		k.bad(o, "spec.requests", "is set "+which)
		p.Requests = tenant.Amounts{}
	}
	if p.CPUs == tenant.Exclusive {
		k.bad(o, "spec.cpus", "is Exclusive "+which)
	}
}

// idleAncestor is the nearest ancestor that is Idle, nil when none is.
func (k *compiler) idleAncestor(o *Object) *Object {
	for at := k.parents[o]; at != nil; at = k.parents[at] {
		if k.policy(at).Priority == tenant.Idle {
			return at
		}
	}
	return nil
}

// exclusive checks that a tenant can have cores of its own.
func (k *compiler) exclusive(o *Object, p *tenant.Policy) {
	const key = "spec.cpus"
	switch limit := p.Limits.CPUMilli; {
	case p.CPUs != tenant.Exclusive:
	case k.parents[o] != nil:
		k.bad(o, key, "is Exclusive below "+k.parents[o].Name()+"; only a tenant without a parent can have cores of its own, which all below it share: set it there or remove it")
	case k.mistaken[place{o, "spec.limits.cpu"}]:
	case limit == nil:
		k.bad(o, key, "is Exclusive without a number of CPUs; add limits.cpu, a whole number")
	case *limit%1000 != 0:
		k.bad(o, "spec.limits.cpu", "is "+inCPUs(*limit)+" while spec.cpus is Exclusive; want a whole number of CPUs")
	}
}

// crowded warns of a floor that the parent's own containers are not counted
// in: they stand in its cgroup beside those of the tenants below it, each with
// the weight that its engine asked for.
func (k *compiler) crowded(o *Object) {
	parent := k.parents[o]
	if parent == nil || o.Tenant.Spec.Requests.CPU == nil {
		return
	}
	s := parent.Tenant.Spec.Selectors
	if len(s.KubernetesNamespaces)+len(s.ContainerdNamespaces) > 0 {
		k.warn(o, "spec.requests.cpu", "is a floor against the tenants beside it only; containers that "+parent.Name()+" selects itself share its CPU too: give them a tenant below it")
	}
}

// coresAndIdle tells every tenant's cgroup, through the node, what it must know
// of the others.
func (k *compiler) coresAndIdle() {
	for name, p := range k.out.Tenants {
		if p.Priority == tenant.Idle {
			k.out.Node.HasIdle = true
		}
		if p.CPUs != tenant.Exclusive || p.Limits.CPUMilli == nil {
			continue
		}
		if k.out.Node.Exclusive == nil {
			k.out.Node.Exclusive = map[string]int64{}
		}
		k.out.Node.Exclusive[name] = *p.Limits.CPUMilli / 1000
	}
}
