package compile

import (
	"reflect"
	"strings"
)

// member is a key of a type of v1alpha1.
type member struct {
	value    reflect.Value
	required bool
}

// members returns the keys of a struct and where their values go.
func members(v reflect.Value) (names []string, values []member) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			n, m := members(v.Field(i))
			names, values = append(names, n...), append(values, m...)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
		values = append(values, member{v.Field(i), options == ""})
	}
	return names, values
}

// find returns where in a type a key is, by its last part.
func find(at string, t reflect.Type, name string) []string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || !strings.HasSuffix(t.PkgPath(), "/api/v1alpha1") {
		return nil
	}
	var places []string
	names, values := members(reflect.New(t).Elem())
	for i, n := range names {
		if n == name {
			places = append(places, join(at, n))
		}
		places = append(places, find(join(at, n), values[i].value.Type(), name)...)
	}
	return places
}

// plain is a key without its list positions: "spec.network.egress[0].to" is
// "spec.network.egress.to".
func plain(key string) string {
	var b strings.Builder
	inside := false
	for _, r := range key {
		switch r {
		case '[':
			inside = true
		case ']':
			inside = false
		default:
			if !inside {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}
