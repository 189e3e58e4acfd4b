package spec

import (
	"reflect"
	"slices"
	"sort"
	"strings"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// A Change is one difference between what was asked and what was accepted. As
// JSON it is an operation of RFC 6902 with its cause beside it.
type Change struct {
	Op       string `json:"op"` // add, replace or remove
	Path     string `json:"path"`
	Value    any    `json:"value,omitempty"` // after; absent in a removal
	Before   any    `json:"before,omitempty"`
	Isolator string `json:"isolator"`
	Reason   string `json:"reason"`
}

// changes lists what differs below the pointers that isolators own, by path.
// before and after have the same type.
func changes(before, after any, all []isolator.Isolator) []Change {
	var out []Change
	prefixes := prefixesOf(all)
	for _, i := range all {
		for _, p := range i.Owns {
			others := prefixes[p]
			x, y := without(lookup(before, p), others), without(lookup(after, p), others)
			someKeys := len(others) > 0
			if strings.HasSuffix(p, "*") {
				p, someKeys = p[:strings.LastIndexByte(p, '/')], true
			}
			if someKeys {
				x, y = orNoKeys(x), orNoKeys(y)
			}
			diff(p, x, y, func(op, path string, a, b any) {
				out = append(out, Change{op, path, b, a, i.Name, i.Reason})
			})
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out
}

// prefixesOf lists the prefixes of keys that isolators own in a map, by the
// map's pointer: whoever owns the map has the other keys.
func prefixesOf(all []isolator.Isolator) map[string][]string {
	prefixes := map[string][]string{}
	for _, i := range all {
		for _, p := range i.Owns {
			if keys, ok := strings.CutSuffix(p, "*"); ok {
				slash := strings.LastIndexByte(keys, '/')
				prefixes[keys[:slash]] = append(prefixes[keys[:slash]], keys[slash+1:])
			}
		}
	}
	return prefixes
}

func orNoKeys(v any) any {
	if v == nil {
		return map[string]any{}
	}
	return v
}

// diff reports the smallest differing parts: it descends into structs and
// maps; lists are compared whole.
func diff(path string, a, b any, report func(op, path string, a, b any)) {
	switch {
	case reflect.DeepEqual(a, b):
		return
	case a == nil:
		report("add", path, nil, b)
		return
	case b == nil:
		report("remove", path, a, nil)
		return
	}
	if keys := members(a, b); keys != nil {
		for _, k := range keys {
			diff(path+"/"+escape(k), part(a, k), part(b, k), report)
		}
		return
	}
	report("replace", path, a, b)
}

// members returns the names of the parts of two structs or maps, nil for other kinds.
func members(a, b any) []string {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	if x.Type() != y.Type() {
		return nil
	}
	var names []string
	switch x.Kind() {
	case reflect.Struct:
		for i := range x.NumField() {
			if n := tagName(x.Type().Field(i)); n != "" {
				names = append(names, n)
			}
		}
	case reflect.Map:
		for _, k := range append(x.MapKeys(), y.MapKeys()...) {
			names = append(names, k.String())
		}
		slices.Sort(names)
		names = slices.Compact(names)
	}
	return names
}
