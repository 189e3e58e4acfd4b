package compile

import (
	"reflect"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
)

// own are the keys that a tenant never has from its parent. Selectors and
// exceptions name what is the parent's only; weight, cpus and requests are its
// place among its siblings: two children with the requests of their parent
// would promise them twice.
var own = []string{
	"spec.parent", "spec.selectors", "spec.security.exceptions",
	"spec.weight", "spec.cpus", "spec.requests",
}

// inherit returns what a tenant's spec is with what is absent from its
// ancestors. Every key that is added to v1alpha1 is inherited, unless it is
// listed above.
func (k *compiler) inherit(o *Object) *v1alpha1.TenantSpec {
	if spec := k.specs[o]; spec != nil {
		return spec
	}
	spec := o.Tenant.Spec
	if parent := k.parents[o]; parent != nil {
		fill("spec", reflect.ValueOf(&spec).Elem(), reflect.ValueOf(k.inherit(parent)).Elem())
	}
	k.specs[o] = &spec
	return &spec
}

// fill sets what is absent in a section from another of its type. A list, a
// map or a profile that is there is not added to; one written as empty is
// there too.
func fill(key string, v, from reflect.Value) {
	if slices.Contains(own, key) {
		return
	}
	if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[v1alpha1.Profile]() {
		if v.IsZero() {
			v.Set(from)
		}
		return
	}
	names, mine := members(v)
	_, theirs := members(from)
	for i, name := range names {
		fill(join(key, name), mine[i].value, theirs[i].value)
	}
}

// giver is the nearest ancestor that wrote a key which a tenant did not; nil
// when it wrote the key itself or nobody did.
func (k *compiler) giver(o *Object, key string) *Object {
	if slices.ContainsFunc(own, func(at string) bool { return key == at || strings.HasPrefix(key, at+".") }) {
		return nil
	}
	for at := o; at != nil; at = k.parents[at] {
		if _, written := at.fields[key]; written {
			if at == o {
				return nil
			}
			return at
		}
	}
	return nil
}

// origin says where the value of a key comes from, when not from the tenant.
func (k *compiler) origin(o *Object, key string) string {
	if _, written := o.fields[key]; written {
		return ""
	}
	if giver := k.giver(o, key); giver != nil {
		return " as in " + giver.Name()
	}
	return " by default"
}
