package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// placeholder stands for a tenant's name, as one whole part of a path: so no
// name leads into the folder of another, whose name it begins with.
const placeholder = "{tenant}"

// tenantPaths gives every tenant its own of the node's paths, beside what it is
// excepted by itself.
func (k *compiler) tenantPaths(o *Object, in []v1alpha1.HostPath) {
	for i, h := range in {
		key := fmt.Sprintf("spec.tenantPaths[%d].path", i)
		k.path(o, key, h.Path)
		parts := strings.Split(h.Path, "/")
		if strings.Count(h.Path, placeholder) != 1 || !slices.Contains(parts, placeholder) {
			k.bad(o, key, "is "+quoted(h.Path)+"; want "+placeholder+" as one part, as in /srv/tenants/"+placeholder)
		}
		for name, p := range k.out.Tenants {
			own := tenant.HostPath{Path: strings.ReplaceAll(h.Path, placeholder, name), ReadOnly: h.ReadOnly}
			p.Security.Exceptions.HostPaths = append(p.Security.Exceptions.HostPaths, own)
		}
	}
}

// A grant is a path that one tenant has.
type grant struct {
	tenant.HostPath
	o      *Object
	policy *tenant.Policy
}

// shared warns of paths through which a tenant and another reach each other:
// that one may write to, and the other has too. Of a parent and its child
// nothing is said.
func (k *compiler) shared(tenants []*Object) {
	var all []grant
	for _, o := range tenants {
		for _, h := range k.policy(o).Security.Exceptions.HostPaths {
			all = append(all, grant{h, o, k.policy(o)})
		}
	}
	// Each folder comes before all that is below it, which follows at once.
	slices.SortStableFunc(all, func(a, b grant) int {
		return slices.Compare(strings.Split(a.Path, "/"), strings.Split(b.Path, "/"))
	})
	var above [][]grant // the grants of one path, each path below that before it
	for _, g := range all {
		for len(above) > 0 && !below(above[len(above)-1][0].Path, g.Path) {
			above = above[:len(above)-1]
		}
		for _, outer := range above {
			if i := slices.IndexFunc(outer, g.reaches); i >= 0 {
				k.warn(g.o, exceptionsKey+".hostPaths", fmt.Sprintf("has %s, through which it and %s reach each other's files; make it readOnly for both", g.Path, outer[i].o.Ref()))
				break
			}
		}
		if n := len(above); n > 0 && above[n-1][0].Path == g.Path {
			above[n-1] = append(above[n-1], g)
		} else {
			above = append(above, []grant{g})
		}
	}
}

// reaches reports a grant of a tenant that is none of its own line.
func (g grant) reaches(other grant) bool {
	p, q := g.policy, other.policy
	return !(g.ReadOnly && other.ReadOnly) && p != q && !slices.Contains(p.Ancestors, q.Name) && !slices.Contains(q.Ancestors, p.Name)
}

// below reports that a clean path is a folder's, or below it.
func below(folder, path string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }
