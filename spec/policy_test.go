package spec_test

import (
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// policy makes a tenant's policy from parts of those in fixtures.
func (g *generator) policy() *tenant.Policy {
	p := copyOf(pick(g, g.fixtures).Policy)
	p.Limits = copyOf(pick(g, g.fixtures).Policy).Limits
	p.Container = copyOf(pick(g, g.fixtures).Policy).Container
	p.Security = copyOf(pick(g, g.fixtures).Policy).Security
	p.Priority = pick(g, g.fixtures).Policy.Priority
	return p
}

// create makes the case of a Create.
func (g *generator) create() *isolator.Case {
	if g.start != nil {
		return g.caseOf(requestOf(g.start))
	}
	return g.caseOf(g.request())
}

func (g *generator) caseOf(r *isolator.Request) *isolator.Case {
	if f := g.start; f != nil {
		return isolator.NewCase(f.Policy, f.Node, f.Facts, r)
	}
	f := pick(g, g.fixtures)
	facts := f.Facts
	facts.Namespaces, facts.BlockDevices, facts.Files = map[string]isolator.NSRef{}, map[string]isolator.BlockDevice{}, map[string]isolator.File{}
	for _, i := range g.Perm(len(g.fixtures)) { // fixtures say different things of one path
		maps.Copy(facts.Namespaces, g.fixtures[i].Facts.Namespaces)
		maps.Copy(facts.BlockDevices, g.fixtures[i].Facts.BlockDevices)
		maps.Copy(facts.Files, g.fixtures[i].Facts.Files)
	}
	return isolator.NewCase(g.policy(), f.Node, facts, r)
}

// wider makes a policy that gives no less.
func (g *generator) wider(p *tenant.Policy) *tenant.Policy {
	w := copyOf(p)
	for _, pointer := range slices.Sorted(maps.Keys(widenings)) {
		widen := widenings[pointer]
		if v, ok := place(w, pointer); ok && widen != nil && g.IntN(2) == 0 {
			widen(g, v)
		}
	}
	return w
}

// widenings says for every part of a policy how it gives more; nil: it is not
// ordered, and equal in both policies of law 3.
var widenings = map[string]func(*generator, reflect.Value){
	"/name":                               nil,
	"/ancestors":                          nil,
	"/below":                              nil,
	"/enforcement":                        nil,
	"/weight":                             nil,
	"/priority":                           nil,
	"/cpus":                               nil,
	"/requests":                           nil,
	"/limits/cpuMilli":                    raise,
	"/limits/memoryBytes":                 raise,
	"/limits/swapBytes":                   raise,
	"/limits/pids":                        raise,
	"/limits/containers":                  raise,
	"/limits/hugepages":                   raiseEach,
	"/limits/blockIO":                     raiseRates,
	"/container/default/cpuMilli":         raise,
	"/container/default/memoryBytes":      raise,
	"/container/default/pids":             raise,
	"/container/max/cpuMilli":             raise,
	"/container/max/memoryBytes":          raise,
	"/container/max/pids":                 raise,
	"/container/rlimits":                  raiseEach,
	"/container/shmBytes":                 raise,
	"/security/level":                     nextLevel,
	"/security/onExcess":                  nil,
	"/security/appArmorProfile":           nil,
	"/security/exceptions/capabilities":   addTo("CAP_SYS_ADMIN"),
	"/security/userNamespace":             nil,
	"/security/exceptions/hostNamespaces": addTo("PID"),
	"/security/exceptions/runAsRoot":      allow,
	"/security/exceptions/hostPaths":      addTo(tenant.HostPath{Path: "/srv"}),
	"/security/exceptions/devices":        addTo(tenant.Device{Path: "/dev/fuse", Permissions: "rwm"}),
	"/security/exceptions/cdiDevices":     addTo(tenant.CDIDevice{Name: "example.com/device=0", Nodes: []tenant.CDINode{{Path: "/dev/x", HostPath: "/dev/x", Type: "c", Major: 10, Minor: 1, Permissions: "rw"}}}),
	"/security/exceptions/sysctls":        addTo("net.core.somaxconn"),
	"/network":                            nil, // no isolator reads it
	"/delegate":                           nil,
}

// A new part of a policy needs a line above, or law 3 would never vary it.
func TestEveryPartOfAPolicyHasAnOrder(t *testing.T) {
	for _, leaf := range leaves(reflect.TypeFor[tenant.Policy](), "") {
		known := func(pointer string) bool { return covers(pointer, leaf) }
		if !slices.ContainsFunc(slices.Collect(maps.Keys(widenings)), known) {
			t.Errorf("widenings does not say how %s gives more", leaf)
		}
	}
	for pointer := range widenings {
		if _, ok := place(new(tenant.Policy), pointer); !ok {
			t.Errorf("widenings has %s, which no policy has", pointer)
		}
	}
}

// raise makes a number larger, or an optional one absent, which is no bound.
func raise(g *generator, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() || g.IntN(3) == 0 {
			v.SetZero()
			return
		}
		v = v.Elem()
	}
	if more := v.Int() + g.Int64N(v.Int()+2); more > 0 && more < math.MaxInt64/2 {
		v.SetInt(more)
	}
}

// raiseEach makes every number of a map larger.
func raiseEach(g *generator, v reflect.Value) {
	for _, k := range sortedKeys(v) {
		switch old := v.MapIndex(k).Interface().(type) {
		case int64:
			v.SetMapIndex(k, reflect.ValueOf(old+g.Int64N(old+2)))
		case tenant.Rlimit:
			more := min(g.Uint64N(1<<20), math.MaxUint64-old.Hard)
			v.SetMapIndex(k, reflect.ValueOf(tenant.Rlimit{Soft: old.Soft + more, Hard: old.Hard + more}))
		}
	}
}

// raiseRates makes limits of block devices larger, or absent.
func raiseRates(g *generator, v reflect.Value) {
	for i := range v.Len() {
		for _, m := range members(v.Index(i)) {
			if m.value.Kind() == reflect.Pointer {
				raise(g, m.value)
			}
		}
	}
}

func nextLevel(_ *generator, v reflect.Value) {
	next := map[tenant.Level]tenant.Level{tenant.Restricted: tenant.Baseline, tenant.Baseline: tenant.Privileged}
	if l, ok := next[tenant.Level(v.String())]; ok {
		v.SetString(string(l))
	}
}

func allow(_ *generator, v reflect.Value) { v.SetBool(true) }

func addTo[T any](value T) func(*generator, reflect.Value) {
	return func(_ *generator, v reflect.Value) { v.Set(reflect.Append(v, reflect.ValueOf(value))) }
}

func copyOf[T any](v *T) *T {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	c := new(T)
	if err := json.Unmarshal(data, c); err != nil {
		panic(err)
	}
	return c
}
