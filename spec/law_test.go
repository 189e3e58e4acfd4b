package spec_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"slices"
	"testing"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// The laws of the design, for each isolator by itself: an
// isolator reads the Case alone, so what it does by itself it does among all.

var (
	seed  = flag.Uint64("seed", 1, "first seed of the made requests")
	cases = flag.Int("cases", 100, "made requests of each law")
)

// forAll runs a test over the case of every fixture and over made ones, each
// with a seed of its own.
func forAll(t *testing.T, test func(t *testing.T, g *generator)) {
	t.Helper()
	forMany(t, 1, test)
}

// forMany does so with some times as many made ones.
func forMany(t *testing.T, times int, test func(t *testing.T, g *generator)) {
	t.Helper()
	t.Parallel()
	for n, f := range newGenerator(t, 0).fixtures {
		g := newGenerator(t, uint64(n))
		g.start = f
		if test(t, g); t.Failed() {
			t.Fatalf("in the case of %s", f.Path)
		}
	}
	for s := *seed; s < *seed+uint64(*cases*times); s++ {
		if test(t, newGenerator(t, s)); t.Failed() {
			t.Fatalf("again with: go test -run '^%s$' -cases 1 -seed %d", t.Name(), s)
		}
	}
}

// rewrite runs one isolator.
func rewrite(t testing.TB, c *isolator.Case, i isolator.Isolator) (*isolator.Request, isolator.Denials) {
	t.Helper()
	r, res, err := spec.RewriteWith(c, []isolator.Isolator{i})
	if err != nil {
		t.Fatalf("%s: %v\npolicy %s\nasked %s", i.Name, err, inJSON(c.Policy), owned(c.Asked, i))
	}
	return r, res.Denials
}

// owned shows what an isolator owns of a request.
func owned(r *isolator.Request, i isolator.Isolator) string {
	parts := map[string]any{}
	for _, p := range i.Owns {
		if v := spec.Lookup(r, p); v != nil {
			parts[p] = v
		}
	}
	return inJSON(parts)
}

// Law 1. That the result Holds is checked by every rewrite itself.
func TestNeverWidens(t *testing.T) {
	accepted, restrained := map[string]int{}, map[string]int{}
	forAll(t, func(t *testing.T, g *generator) {
		c := g.create()
		for _, i := range g.isolators() {
			r, denials := rewrite(t, c, i)
			if len(denials) > 0 {
				restrained[i.Name]++
				continue
			}
			accepted[i.Name]++
			if owned(r, i) != owned(c.Asked, i) {
				restrained[i.Name]++
			}
			if !i.Leq(r, c.Asked) {
				t.Errorf("%s gives more than was asked for:\n got   %s\n asked %s\n policy %s", i.Name, owned(r, i), owned(c.Asked, i), inJSON(c.Policy))
			}
		}
	})
	for _, i := range isolator.All() {
		notVacuous(t, accepted, i.Name)
		notVacuous(t, restrained, i.Name)
	}
}

func TestHoldsAfterRewrite(t *testing.T) {
	all := isolator.All()
	forAll(t, func(t *testing.T, g *generator) {
		c := g.create()
		r, res, err := spec.RewriteWith(c, all)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Denials) > 0 {
			return
		}
		if err := spec.Holds(c, r); err != nil {
			t.Errorf("%v\n%s", err, inJSON(c.Asked))
		}
	})
}

// Law 2: an engine that restarts a container hands in what it was given.
func TestRewriteIsIdempotent(t *testing.T) {
	forAll(t, func(t *testing.T, g *generator) {
		c := g.create()
		for _, i := range g.isolators() {
			once, denials := rewrite(t, c, i)
			if len(denials) > 0 {
				continue
			}
			again := isolator.NewCase(c.Policy, c.Node, c.Facts, once)
			twice, denials := rewrite(t, again, i)
			if len(denials) > 0 {
				t.Errorf("%s refuses what it made: %v\n asked %s\n made  %s", i.Name, denials, owned(c.Asked, i), owned(once, i))
			}
			if a, b := encoded(t, once), encoded(t, twice); !bytes.Equal(a, b) {
				t.Errorf("%s changes what it made:\n asked %s\n once  %s\n twice %s\n policy %s", i.Name, owned(c.Asked, i), a, b, inJSON(c.Policy))
			}
		}
	})
}

// Isolators read the Case, never each other.
func TestOrderDoesNotMatter(t *testing.T) {
	forAll(t, func(t *testing.T, g *generator) {
		all, shuffled := isolator.All(), isolator.All()
		g.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		c := g.create()
		compare(t, "create", func(in []isolator.Isolator) (any, spec.Result, error) { return erased(spec.RewriteWith(c, in)) }, all, shuffled)
		c, process := g.exec(t)
		compare(t, "exec", func(in []isolator.Isolator) (any, spec.Result, error) {
			return erased(spec.RewriteExecWith(c, process, in))
		}, all, shuffled)
		c, update := g.update(t)
		compare(t, "update", func(in []isolator.Isolator) (any, spec.Result, error) {
			return erased(spec.RewriteUpdateWith(c, update, in))
		}, all, shuffled)
	})
}

func erased[T any](v T, res spec.Result, err error) (any, spec.Result, error) { return v, res, err }

func compare(t *testing.T, what string, decide func([]isolator.Isolator) (any, spec.Result, error), all, shuffled []isolator.Isolator) {
	t.Helper()
	a, resA, errA := decide(all)
	b, resB, errB := decide(shuffled)
	if errA != nil || errB != nil {
		t.Fatalf("%s: %v, %v", what, errA, errB)
	}
	if x, y := encoded(t, a), encoded(t, b); !bytes.Equal(x, y) {
		t.Errorf("%s depends on the order of isolators:\n%s\n%s", what, x, y)
	}
	if x, y := sentences(resA), sentences(resB); !slices.Equal(x, y) {
		t.Errorf("%s: denials depend on the order of isolators:\n%q\n%q", what, x, y)
	}
}

func sentences(res spec.Result) []string {
	var all []string
	for _, d := range res.Denials {
		all = append(all, d.Error())
	}
	slices.Sort(all)
	return all
}

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
