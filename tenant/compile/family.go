package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// mostAncestry is the most characters that a tenant's names may have together
// with its ancestors', each with a separator. A systemd slice is named by all
// of them, and a unit's name has at most 255, of which the installation's
// prefix, the suffix and a container's scope take the rest.
// Source: systemd.unit(5); UNIT_NAME_MAX in systemd's src/basic/unit-name.h.
const mostAncestry = 200

// family is who is whose parent, without the mistakes.
type family struct {
	tenants  map[string]*Object
	parents  map[*Object]*Object
	children map[*Object][]*Object
}

// relate finds the parents of tenants.
func (k *compiler) relate(tenants []*Object) {
	k.family = family{tenants: map[string]*Object{}, parents: map[*Object]*Object{}, children: map[*Object][]*Object{}}
	for _, o := range tenants {
		k.tenants[o.Name()] = o
	}
	for _, o := range tenants {
		switch name := o.Tenant.Spec.Parent; {
		case name == "":
		case name == o.Name():
			k.bad(o, "spec.parent", "is "+name+", the tenant itself; name another or remove the key")
		case k.tenants[name] == nil:
			k.bad(o, "spec.parent", "is "+quoted(name)+", which does not exist; "+k.fixTenant(name))
		default:
			k.parents[o] = k.tenants[name]
		}
	}
	for _, o := range tenants {
		if circle := k.circle(o); circle != nil {
			k.bad(o, "spec.parent", "makes a circle: "+strings.Join(circle, " is below ")+"; remove the parent of one of them")
			delete(k.parents, o)
		}
	}
	for _, o := range tenants {
		length := len(o.Name()) + 1
		for _, name := range k.ancestors(o) {
			length += len(name) + 1
		}
		if parent := k.parents[o]; parent != nil {
			k.children[parent] = append(k.children[parent], o)
			if length > mostAncestry {
				k.bad(o, "spec.parent", fmt.Sprintf("makes a chain of names with %d characters, which is no name for a systemd slice; want at most %d: shorten names or nest less", length, mostAncestry))
			}
		}
	}
}

// circle returns the names from a tenant over its ancestors to itself again,
// nil when it is not its own ancestor.
func (k *compiler) circle(o *Object) []string {
	names := []string{o.Name()}
	seen := map[*Object]bool{}
	for at := k.parents[o]; at != nil && !seen[at]; at = k.parents[at] {
		names = append(names, at.Name())
		if at == o {
			return names
		}
		seen[at] = true
	}
	return nil
}

// ancestors are the names of a tenant's, the outermost first.
func (k *compiler) ancestors(o *Object) []string {
	var names []string
	for at := k.parents[o]; at != nil; at = k.parents[at] {
		names = append(names, at.Name())
	}
	slices.Reverse(names)
	return names
}

// fixTenant says what to do about the name of a tenant that does not exist.
func (k *compiler) fixTenant(name string) string {
	if near := Suggest(name, slices.Sorted(maps.Keys(k.tenants))); near != "" {
		return "did you mean " + near + "?"
	}
	return "apply that tenant too, or remove the key"
}

// policy is what a tenant was compiled to.
func (k *compiler) policy(o *Object) *tenant.Policy { return k.out.Tenants[o.Name()] }

// below notes at each tenant all that have it among their ancestors.
func (k *compiler) below() {
	for _, name := range slices.Sorted(maps.Keys(k.out.Tenants)) {
		for _, ancestor := range k.out.Tenants[name].Ancestors {
			if up := k.out.Tenants[ancestor]; up != nil {
				up.Below = append(up.Below, name)
			}
		}
	}
}
