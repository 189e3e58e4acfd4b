package spec_test

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

// member is a field as JSON has it.
type member struct {
	name  string
	value reflect.Value
}

// members lists a struct's fields by their names in JSON, those of an embedded
// struct among them.
func members(v reflect.Value) []member {
	var all []member
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			all = append(all, members(v.Field(i))...)
		case f.IsExported() && name != "-":
			if name == "" {
				name = f.Name
			}
			all = append(all, member{name, v.Field(i)})
		}
	}
	return all
}

// leaves lists the pointers of everything that a type can hold. '*' stands for
// an index of a list or a key of a map.
func leaves(t reflect.Type, at string) []string {
	switch t.Kind() {
	case reflect.Pointer:
		return leaves(t.Elem(), at)
	case reflect.Slice, reflect.Map:
		return leaves(t.Elem(), at+"/*")
	case reflect.Struct:
		var all []string
		for _, m := range members(reflect.New(t).Elem()) {
			all = append(all, leaves(m.value.Type(), at+"/"+m.name)...)
		}
		return all
	}
	return []string{at}
}

// place returns the settable value at a pointer through structs, making what
// is missing on the way, and false when the pointer leads into a list or map.
// Of a prefix of keys it is their map.
func place(root any, pointer string) (reflect.Value, bool) {
	if isPrefix(pointer) {
		pointer = above(pointer)
	}
	v := reflect.ValueOf(root).Elem()
	for _, name := range strings.Split(pointer, "/")[1:] {
		for v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return reflect.Value{}, false
		}
		found := false
		for _, m := range members(v) {
			if m.name == name {
				v, found = m.value, true
			}
		}
		if !found {
			return reflect.Value{}, false
		}
	}
	return v, true
}

// covers reports whether an owner's pointer holds a leaf: it is the leaf or
// above it, component by component.
func covers(owner, leaf string) bool {
	return leaf == owner || strings.HasPrefix(leaf, owner+"/")
}

// isPrefix reports a pointer that stands for the keys of a map with a prefix:
// "/spec/linux/sysctl/user.*".
func isPrefix(pointer string) bool {
	return strings.HasSuffix(pointer, "*") && !strings.HasSuffix(pointer, "/*")
}

// above is the pointer to what holds what a pointer is to.
func above(pointer string) string { return pointer[:strings.LastIndexByte(pointer, '/')] }

// sortedKeys lists a map's keys in an order that every run has.
func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	return keys
}
