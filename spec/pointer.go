package spec

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// lookup returns the value at a JSON pointer (RFC 6901) of a Go value, following
// json tags, nil when there is nothing. A map key may end in '*': it returns
// the part of the map with those keys.
func lookup(v any, pointer string) any {
	at := reflect.ValueOf(v)
	for _, token := range tokens(pointer) {
		at = indirect(at)
		if !at.IsValid() {
			return nil
		}
		switch at.Kind() {
		case reflect.Struct:
			at = fieldByTag(at, token)
		case reflect.Map:
			if prefix, ok := strings.CutSuffix(token, "*"); ok {
				return keysWith(at, prefix)
			}
			at = at.MapIndex(reflect.ValueOf(token))
		case reflect.Slice:
			i, err := strconv.Atoi(token)
			if err != nil || i >= at.Len() {
				return nil
			}
			at = at.Index(i)
		default:
			return nil
		}
	}
	return present(at)
}

// part returns what a struct or a map has under a name. Unlike lookup it takes
// the name as it is: keys come from the request, and one may end in '*'.
func part(v any, name string) any {
	at := reflect.ValueOf(v)
	if at.Kind() == reflect.Map {
		return present(at.MapIndex(reflect.ValueOf(name)))
	}
	return present(fieldByTag(at, name))
}

// present is what a value points to, nil when there is nothing.
func present(at reflect.Value) any {
	if at = indirect(at); !at.IsValid() || isEmpty(at) {
		return nil
	}
	return at.Interface()
}

func tokens(pointer string) []string {
	if pointer == "" {
		return nil
	}
	parts := strings.Split(pointer[1:], "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "~1", "/"), "~0", "~")
	}
	return parts
}

func escape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}

func indirect(v reflect.Value) reflect.Value {
	for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) {
		v = v.Elem()
	}
	return v
}

func fieldByTag(s reflect.Value, name string) reflect.Value {
	if i, ok := fieldsOf(s.Type())[name]; ok {
		return s.Field(i)
	}
	return reflect.Value{}
}

// fields remembers of each struct type the index of its fields by name: all
// changes of a request go through the same few types again and again.
var fields sync.Map

func fieldsOf(t reflect.Type) map[string]int {
	if known, ok := fields.Load(t); ok {
		return known.(map[string]int)
	}
	byName := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		if name := tagName(t.Field(i)); name != "" {
			byName[name] = i
		}
	}
	fields.Store(t, byName)
	return byName
}

// tagName is a field's name in JSON, empty when it has none.
func tagName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" || !f.IsExported() {
		return ""
	}
	return name
}

func keysWith(m reflect.Value, prefix string) any {
	return keysThat(m, func(key string) bool { return strings.HasPrefix(key, prefix) })
}

// without returns a map without the keys that have one of the prefixes.
func without(v any, prefixes []string) any {
	m := reflect.ValueOf(v)
	if len(prefixes) == 0 || m.Kind() != reflect.Map {
		return v
	}
	return keysThat(m, func(key string) bool {
		return !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
	})
}

// keysThat returns the part of a map with the keys that are kept, nil for none.
func keysThat(m reflect.Value, keep func(string) bool) any {
	out := map[string]any{}
	for _, k := range m.MapKeys() {
		if keep(k.String()) {
			out[k.String()] = m.MapIndex(k).Interface()
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// isEmpty reports what `omitempty` leaves out, so that an empty list and no
// list are the same.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.String:
		return v.Len() == 0
	default:
		return false
	}
}
