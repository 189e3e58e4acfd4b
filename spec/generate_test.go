package spec_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/internal/fixture"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// A generator makes requests that look like an engine's and then breaks them:
// it starts from a real one, puts in what fixtures of any isolator have, and
// sets fields at random, by reflection, to values that some fixture has or that
// lie at an edge. A new isolator's fixtures so feed every law by themselves. One
// request in four is made of its types alone.
type generator struct {
	*rand.Rand
	*stock
	start *fixture.Fixture // the case to begin with, nil: made at random
}

// stock is what generators draw from.
type stock struct {
	fixtures  []*fixture.Fixture
	engines   []*isolator.Request
	pointers  []string            // that isolators own
	strings   map[string][]string // by pointer, with '*'; keys of maps at the map's pointer + "*"
	anyString []string
}

var loadStock = sync.OnceValues(func() (*stock, error) {
	paths, err := fixture.Paths(filepath.Join("isolator", "testdata"))
	if err != nil {
		return nil, err
	}
	s := &stock{strings: map[string][]string{}}
	for _, path := range paths {
		f, err := fixture.Load(path)
		if err != nil {
			return nil, err
		}
		s.fixtures = append(s.fixtures, f)
		s.harvest(reflect.ValueOf(requestOf(f)), "")
	}
	engines, err := filepath.Glob(filepath.Join("testdata", "request", "*.json"))
	if err != nil {
		return nil, err
	}
	for _, path := range engines {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		r := new(isolator.Request)
		if err := spec.Decode(data, r); err != nil {
			return nil, err
		}
		s.engines = append(s.engines, r)
		s.harvest(reflect.ValueOf(r), "")
	}
	for _, i := range isolator.All() {
		s.pointers = append(s.pointers, i.Owns...)
	}
	for _, p := range slices.Sorted(maps.Keys(s.strings)) {
		s.anyString = append(s.anyString, s.strings[p]...)
	}
	return s, nil
})

func newGenerator(t testing.TB, seed uint64) *generator {
	t.Helper()
	s, err := loadStock()
	if err != nil {
		t.Fatal(err)
	}
	return &generator{Rand: rand.New(rand.NewPCG(seed, 0)), stock: s}
}

// requestOf is what a fixture asks for, whichever way it comes.
func requestOf(f *fixture.Fixture) *isolator.Request {
	r := &isolator.Request{Spec: new(specs.Spec)}
	switch {
	case f.Request != nil:
		return f.Request.Clone()
	case f.Exec != nil:
		r.Spec.Process = f.Exec.Process
	default:
		r.Spec.Linux = &specs.Linux{Resources: f.Update.Update}
	}
	return r.Clone()
}

func (s *stock) harvest(v reflect.Value, at string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			s.harvest(v.Elem(), at)
		}
	case reflect.Struct:
		for _, m := range members(v) {
			s.harvest(m.value, at+"/"+m.name)
		}
	case reflect.Slice:
		for i := range v.Len() {
			s.harvest(v.Index(i), at+"/*")
		}
	case reflect.Map:
		for _, k := range sortedKeys(v) {
			s.strings[at+"*"] = append(s.strings[at+"*"], k.String())
			s.harvest(v.MapIndex(k), at+"/*")
		}
	case reflect.String:
		s.strings[at] = append(s.strings[at], v.String())
	}
}

// request makes one request.
func (g *generator) request() *isolator.Request {
	var r *isolator.Request
	switch g.IntN(4) {
	case 0:
		r = g.typed()
	case 1:
		r = requestOf(pick(g, g.fixtures))
	default:
		r = pick(g, g.engines).Clone()
	}
	for range g.IntN(4) {
		g.graft(r, requestOf(pick(g, g.fixtures)), pick(g, g.pointers))
	}
	g.stir(r)
	if g.IntN(4) == 0 {
		g.set(reflect.ValueOf(r).Elem(), "")
	}
	if r.Spec == nil {
		r.Spec = new(specs.Spec)
	}
	return r
}

// stir changes a few things that some isolator owns.
func (g *generator) stir(r *isolator.Request) {
	for range g.IntN(4) {
		g.mutate(r, pick(g, g.pointers))
	}
}

// about makes a request that has something of what an isolator owns.
func (g *generator) about(i isolator.Isolator) *isolator.Request {
	if g.start != nil {
		return requestOf(g.start)
	}
	r := g.request()
	var own []*fixture.Fixture
	for _, f := range g.fixtures {
		if f.Subject == i.Name {
			own = append(own, f)
		}
	}
	if len(own) > 0 {
		from := requestOf(pick(g, own))
		for _, p := range i.Owns {
			g.graft(r, from, p)
		}
	}
	return r
}

// isolators are those to put a law to: a few, and for the case of a fixture the
// one that it is about, or all if it is about all.
func (g *generator) isolators() []isolator.Isolator {
	const few = 6
	all := isolator.All()
	if g.start != nil && g.start.Subject == "" {
		return all
	}
	g.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if g.start == nil {
		return all[:few]
	}
	about := slices.IndexFunc(all, func(i isolator.Isolator) bool { return i.Name == g.start.Subject })
	all[0], all[about] = all[about], all[0]
	return all[:few/2]
}

func pick[T any](g *generator, all []T) T { return all[g.IntN(len(all))] }

// inJSON shows a value in a failure.
func inJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
