package spec_test

import (
	"testing"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// The laws are worth what Leq is worth.

func TestEveryIsolatorCompares(t *testing.T) {
	for _, i := range isolator.All() {
		if i.Leq == nil || i.Rewrite == nil || i.Holds == nil || i.Reason == "" || len(i.Owns) == 0 {
			t.Errorf("%s: Owns, Reason, Leq, Rewrite and Holds are needed", i.Name)
		}
	}
}

// Reflexive and transitive. Triples are made from one request by few changes
// each, so that they often compare.
func TestLeqIsAPreorder(t *testing.T) {
	below, not := map[string]int{}, map[string]int{}
	forAll(t, func(t *testing.T, g *generator) {
		for _, i := range g.isolators() {
			a := g.about(i)
			b := g.near(a, i)
			c := g.near(b, i)
			for _, r := range []*isolator.Request{a, b, c} {
				if !i.Leq(r, r) {
					t.Errorf("%s: a request exceeds itself: %s", i.Name, owned(r, i))
				}
			}
			for _, p := range [][3]*isolator.Request{{a, b, c}, {a, c, b}, {b, a, c}, {b, c, a}, {c, a, b}, {c, b, a}} {
				x, y, z := p[0], p[1], p[2]
				if owned(x, i) != owned(y, i) {
					count(below, not, i.Name, i.Leq(x, y))
				}
				if i.Leq(x, y) && i.Leq(y, z) && !i.Leq(x, z) {
					t.Errorf("%s: not transitive:\n %s\n %s\n %s", i.Name, owned(x, i), owned(y, i), owned(z, i))
				}
			}
		}
	})
	for _, name := range ordered {
		notVacuous(t, below, name)
		notVacuous(t, not, name)
	}
}

// near is a request that differs in what an isolator owns.
func (g *generator) near(r *isolator.Request, i isolator.Isolator) *isolator.Request {
	n := r.Clone()
	for range 1 + g.IntN(3) {
		g.mutate(n, pick(g, i.Owns))
	}
	if n.Spec == nil {
		return r
	}
	return n
}

func count(yes, no map[string]int, name string, b bool) {
	if b {
		yes[name]++
	} else {
		no[name]++
	}
}
