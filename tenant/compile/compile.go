package compile

import (
	"cmp"
	"fmt"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// A weight is cgroup v2's cpu.weight. Source:
// Documentation/admin-guide/cgroup-v2.rst, "Weights".
const (
	defaultWeight = 100
	mostWeight    = 10000
)

// Compiled is a node's whole policy, as the shim reads it.
type Compiled struct {
	Node       *tenant.Node
	Tenants    map[string]*tenant.Policy
	Selectors  map[tenant.Kind]map[string]string // exact namespace to tenant
	Prefixes   map[tenant.Kind]map[string]string // prefix, without its '*', to tenant
	Exemptions map[tenant.Kind][]string          // exact namespaces, sorted
	Warnings   Errors                            // what is accepted and probably not meant
}

// Compile checks objects, which are all of a node's, and returns its policy.
// The error is Errors, with every mistake.
func Compile(objects []*Object) (*Compiled, error) {
	k := &compiler{
		out: &Compiled{
			Tenants:    map[string]*tenant.Policy{},
			Selectors:  map[tenant.Kind]map[string]string{},
			Prefixes:   map[tenant.Kind]map[string]string{},
			Exemptions: map[tenant.Kind][]string{},
		},
		selected: map[string]place{},
		mistaken: map[place]bool{},
		specs:    map[*Object]*v1alpha1.TenantSpec{},
	}
	first := map[string]*Object{}
	var node *Object
	var tenants []*Object
	for _, o := range objects {
		if other := first[o.Ref()]; other != nil {
			k.bad(o, "metadata.name", fmt.Sprintf("%s is also at %s:%d; remove one", o.Ref(), other.File, other.Line))
			continue
		}
		first[o.Ref()] = o
		k.unimplemented(o)
		if o.NodePolicy != nil {
			node = o
			continue
		}
		tenants = append(tenants, o)
	}
	k.tenantsOf(tenants)
	k.below()
	k.node(node)
	k.unprovided(tenants)
	k.shared(tenants)
	k.out.Node.Requests = k.carryAll(tenants)
	k.coresAndIdle()
	if len(k.errs) > 0 {
		return nil, k.errs.inOrder(objects)
	}
	return k.out, nil
}

// tenantsOf compiles tenants, each for itself and then as its parent's child.
func (k *compiler) tenantsOf(tenants []*Object) {
	k.relate(tenants)
	for _, o := range tenants {
		k.name(o)
		k.out.Tenants[o.Name()] = k.tenant(o)
		k.selectors(o)
		k.kubelets(o)
		k.pods(o, k.policy(o))
		k.crowded(o)
	}
	for _, o := range tenants {
		k.within(o)
		k.exclusive(o, k.policy(o))
		k.idle(o, k.policy(o))
	}
	k.rulesOf(tenants)
	k.mutual(tenants)
}

// compiler collects the result and all mistakes.
type compiler struct {
	out      *Compiled
	errs     Errors
	selected map[string]place                 // by kind and selector as written: who has it
	mistaken map[place]bool                   // keys with a mistake
	specs    map[*Object]*v1alpha1.TenantSpec // with what is inherited
	family
}

// place is a key of an object.
type place struct {
	o   *Object
	key string
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.o.File, p.o.at(p.key)) }

// bad records a mistake. One in a value that is inherited was recorded where
// it is written.
func (k *compiler) bad(o *Object, key, what string) {
	k.mistaken[place{o, key}] = true
	if k.giver(o, key) != nil {
		return
	}
	k.errs = append(k.errs, &Error{File: o.File, Line: o.at(key), Key: key, What: what})
}

func (k *compiler) warn(o *Object, key, what string) {
	k.out.Warnings = append(k.out.Warnings, &Error{File: o.File, Line: o.at(key), Key: key, What: what})
}

func (k *compiler) name(o *Object) {
	if what := badLabel(o.Name()); what != "" {
		k.bad(o, "metadata.name", what)
	}
}

// tenant compiles one tenant. What it returns counts only if nothing was wrong.
func (k *compiler) tenant(o *Object) *tenant.Policy {
	spec := k.inherit(o)
	p := &tenant.Policy{
		Name:        o.Name(),
		Ancestors:   k.ancestors(o),
		Enforcement: tenant.Enforcement(cmp.Or(spec.Enforcement, v1alpha1.Enforcement(tenant.Enforce))),
		Weight:      defaultWeight,
		Priority:    tenant.Priority(cmp.Or(spec.Priority, v1alpha1.Priority(tenant.Normal))),
		CPUs:        tenant.CPUs(cmp.Or(spec.CPUs, v1alpha1.CPUs(tenant.Shared))),
		Delegate:    string(cmp.Or(spec.Delegate, "runc")),
	}
	if spec.Weight != nil {
		p.Weight = *spec.Weight
		if p.Weight < 1 || p.Weight > mostWeight {
			k.bad(o, "spec.weight", fmt.Sprintf("is %d; want 1 to %d", p.Weight, mostWeight))
		}
	}
	p.Limits = k.limits(o, &spec.Limits)
	p.Requests = k.requests(o, &spec.Requests, p)
	p.Security = k.security(o, &spec.Security)
	p.Container = k.container(o, &spec.Container, p)
	p.Network = k.network(o, spec, p)
	return p
}
