package compile

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
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
	}
	first := map[string]*Object{}
	var node *Object
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
		k.name(o)
		k.out.Tenants[o.Name()] = k.tenant(o)
		k.selectors(o)
	}
	k.node(node)
	if len(k.errs) > 0 {
		order := map[string]int{}
		for i, o := range objects {
			if _, ok := order[o.File]; !ok {
				order[o.File] = i
			}
		}
		slices.SortStableFunc(k.errs, func(a, b *Error) int {
			return cmp.Or(cmp.Compare(order[a.File], order[b.File]), cmp.Compare(a.Line, b.Line))
		})
		return nil, k.errs
	}
	return k.out, nil
}

// compiler collects the result and all mistakes.
type compiler struct {
	out      *Compiled
	errs     Errors
	selected map[string]place // by kind and selector as written: who has it
}

// place is a key of an object.
type place struct {
	o   *Object
	key string
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.o.File, p.o.at(p.key)) }

func (k *compiler) bad(o *Object, key, what string) {
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
	spec := &o.Tenant.Spec
	p := &tenant.Policy{
		Name:        o.Name(),
		Enforcement: tenant.Enforcement(cmp.Or(spec.Enforcement, v1alpha1.Enforcement(tenant.Enforce))),
		Weight:      100,
		Delegate:    string(cmp.Or(spec.Delegate, "runc")),
	}
	if spec.Weight != nil {
		p.Weight = *spec.Weight
		if p.Weight < 1 || p.Weight > 10000 {
			k.bad(o, "spec.weight", fmt.Sprintf("is %d; want 1 to 10000", p.Weight))
		}
	}
	p.Limits = k.limits(o, &spec.Limits)
	p.Security = k.security(o, &spec.Security)
	p.Container = k.container(o, &spec.Container, p)
	return p
}
