package spec_test

import (
	"cmp"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// Law 3: what a tenant may have, a tenant with more may have too.
func TestMonotoneInTenant(t *testing.T) {
	wider := map[string]int{}
	forAll(t, func(t *testing.T, g *generator) {
		for _, i := range g.isolators() {
			c := g.caseOf(g.about(i))
			more := isolator.NewCase(g.wider(c.Policy), c.Node, c.Facts, c.Asked)
			less, denials := rewrite(t, c, i)
			if len(denials) > 0 {
				continue
			}
			r, denials := rewrite(t, more, i)
			if len(denials) > 0 {
				t.Errorf("%s refuses a wider tenant: %v\n asked %s\n policy %s\n wider  %s", i.Name, denials, owned(c.Asked, i), inJSON(c.Policy), inJSON(more.Policy))
				continue
			}
			if !i.Leq(less, r) {
				t.Errorf("%s gives a wider tenant less:\n asked %s\n got   %s\n wider %s\n policy %s\n wider  %s", i.Name, owned(c.Asked, i), owned(less, i), owned(r, i), inJSON(c.Policy), inJSON(more.Policy))
			}
			if owned(less, i) != owned(r, i) {
				wider[i.Name]++
			}
		}
	})
	for _, name := range ordered {
		notVacuous(t, wider, name)
	}
}

// Law 4: who asks for less gets no more. Both must say the same fields: what a
// request leaves out gets the tenant's default, which is no answer to what
// another one says. The same goes for a limit below 0, which says that there
// shall be none and gets the default or the ceiling, and a limit above.
func TestMonotoneInRequest(t *testing.T) {
	compared := map[string]int{}
	forMany(t, 5, func(t *testing.T, g *generator) { // two requests seldom compare
		for _, i := range g.isolators() {
			a := g.caseOf(g.about(i))
			b := isolator.NewCase(a.Policy, a.Node, a.Facts, a.Asked.Clone())
			for range 1 + g.IntN(3) {
				g.mutate(b.Asked, pick(g, i.Owns))
			}
			if b.Asked.Spec == nil {
				continue
			}
			if !i.Leq(a.Asked, b.Asked) {
				a, b = b, a
			}
			b = isolator.NewCase(b.Policy, b.Node, b.Facts, b.Asked) // the shape follows the request
			a = isolator.NewCase(a.Policy, a.Node, a.Facts, a.Asked)
			if !i.Leq(a.Asked, b.Asked) || !reflect.DeepEqual(said(t, a.Asked, i), said(t, b.Asked, i)) || owned(a.Asked, i) == owned(b.Asked, i) {
				continue
			}
			x, denialsX := rewrite(t, a, i)
			y, denialsY := rewrite(t, b, i)
			if len(denialsX)+len(denialsY) > 0 {
				continue
			}
			compared[i.Name]++
			if !i.Leq(x, y) {
				t.Errorf("%s gives more to who asked for less:\n asked %s\n or    %s\n got   %s\n or    %s\n policy %s", i.Name, owned(a.Asked, i), owned(b.Asked, i), owned(x, i), owned(y, i), inJSON(a.Policy))
			}
		}
	})
	for _, name := range ordered {
		notVacuous(t, compared, name)
	}
}

// ordered are isolators of which requests often compare: a law that never
// compared two of theirs was made from poor requests.
var ordered = []string{"blockio", "capabilities", "cpu", "hugepages", "memory", "pids", "unified"}

// notVacuous fails when a law was never put to an isolator that it is about.
func notVacuous(t *testing.T, seen map[string]int, names ...string) {
	t.Helper()
	for _, name := range names {
		if *cases >= 100 && seen[name] == 0 {
			t.Errorf("no made request put this law to %s", name)
		}
	}
}

// said lists the pointers that a request has a value at, in what an isolator
// owns, and its sign. A list is one value, and a cgroup namespace another: one
// that is left out is added.
func said(t *testing.T, r *isolator.Request, i isolator.Isolator) map[string]int {
	t.Helper()
	pointers := map[string]int{}
	if r.Spec.Process == nil {
		pointers["/spec/process"] = -1 // what is forced on a process is not on none
	}
	for _, p := range i.Owns {
		var v any
		if err := json.Unmarshal(encoded(t, spec.Lookup(r, p)), &v); err != nil {
			t.Fatal(err)
		}
		sayEach(p, pruned(v), pointers)
	}
	return pointers
}

func sayEach(at string, v any, pointers map[string]int) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for k, e := range v {
			sayEach(at+"/"+k, e, pointers)
		}
	case float64:
		pointers[at] = cmp.Compare(v, 0)
	case []any:
		pointers[at] = 1
		for _, e := range v {
			if ns, ok := e.(map[string]any); ok && ns["type"] == "cgroup" {
				pointers[at+"/cgroup"] = 1
			}
		}
	default:
		pointers[at] = 1
	}
}
