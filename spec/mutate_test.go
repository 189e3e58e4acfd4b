package spec_test

import (
	"math"
	"reflect"
	"strings"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// graft copies what one request has at a pointer to another.
func (g *generator) graft(to, from *isolator.Request, pointer string) {
	a, ok := place(to, pointer)
	b, found := place(from, pointer)
	if ok && found && !b.IsZero() {
		a.Set(b)
	}
}

// mutate changes a request below a pointer.
func (g *generator) mutate(r *isolator.Request, pointer string) {
	if v, ok := place(r, pointer); ok {
		g.set(v, pointer)
	}
}

// set changes one part of a value.
func (g *generator) set(v reflect.Value, at string) {
	switch v.Kind() {
	case reflect.Pointer:
		switch {
		case v.IsNil():
			v.Set(reflect.New(v.Type().Elem()))
		case g.IntN(6) == 0:
			v.SetZero()
			return
		}
		g.set(v.Elem(), at)
	case reflect.Struct:
		if all := members(v); len(all) > 0 {
			m := pick(g, all)
			g.set(m.value, at+"/"+m.name)
		}
	case reflect.Slice:
		g.setList(v, at)
	case reflect.Map:
		g.setMap(v, at)
	case reflect.String:
		v.SetString(g.text(at))
	case reflect.Bool:
		v.SetBool(g.IntN(2) == 0)
	default:
		g.setNumber(v)
	}
}

func (g *generator) setList(v reflect.Value, at string) {
	n := v.Len()
	switch {
	case n > 0 && g.IntN(3) == 0: // one less
		i := g.IntN(n)
		v.Set(reflect.AppendSlice(v.Slice3(0, i, i), v.Slice(i+1, n)))
	case n > 0 && g.IntN(4) == 0: // one twice
		v.Set(reflect.Append(v, v.Index(g.IntN(n))))
	case n > 0 && g.IntN(2) == 0: // one changed
		g.set(v.Index(g.IntN(n)), at+"/*")
	default:
		element := reflect.New(v.Type().Elem()).Elem()
		g.fill(element, at+"/*")
		v.Set(reflect.Append(v, element))
	}
}

func (g *generator) setMap(v reflect.Value, at string) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	if keys := sortedKeys(v); len(keys) > 0 && g.IntN(4) == 0 {
		v.SetMapIndex(pick(g, keys), reflect.Value{})
		return
	}
	key := reflect.ValueOf(g.text(at + "*")).Convert(v.Type().Key())
	if keys := sortedKeys(v); len(keys) > 0 && g.IntN(2) == 0 {
		key = pick(g, keys)
	}
	element := reflect.New(v.Type().Elem()).Elem()
	g.fill(element, at+"/*")
	v.SetMapIndex(key, element)
}

// fill sets most parts of a new value.
func (g *generator) fill(v reflect.Value, at string) {
	if v.Kind() != reflect.Struct {
		g.set(v, at)
		return
	}
	for _, m := range members(v) {
		if g.IntN(3) > 0 {
			g.fill(m.value, at+"/"+m.name)
		}
	}
}

var edgeStrings = []string{"", "/", ".", "..", "../x", "a/../b", "0", "-1", "max", "a\nb", "é", "*", "default", "host", strings.Repeat("a", 300)}

// text is a string that some fixture has at this place, mostly.
func (g *generator) text(at string) string {
	switch here := g.strings[at]; {
	case len(here) > 0 && g.IntN(4) > 0:
		return pick(g, here)
	case g.IntN(2) == 0:
		return pick(g, g.anyString)
	default:
		return pick(g, edgeStrings)
	}
}

var edgeNumbers = []int64{
	math.MinInt64, -2, -1, 0, 1, 2, 3, 10, 100, 255, 512, 999, 1_000, 1_001, 1_023, 4_096, 50_000, 99_999, 100_000, 262_145,
	1_000_000, 1_000_001, 1 << 20, 64 << 20, 512 << 20, 1 << 30, 1<<31 - 1, 1 << 31, 1<<32 - 1, 4 << 30, 8 << 30, math.MaxInt64 - 1, math.MaxInt64,
}

func (g *generator) setNumber(v reflect.Value) {
	n := pick(g, edgeNumbers)
	if g.IntN(3) == 0 && n > 0 {
		n = g.Int64N(n)
	}
	switch {
	case v.CanInt():
		v.SetInt(n)
		if v.OverflowInt(n) {
			v.SetInt(-1)
		}
	case v.CanUint():
		v.SetUint(uint64(n))
	}
}
