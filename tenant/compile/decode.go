package compile

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"k8s.io/apimachinery/pkg/api/resource"
)

// decoder fills an object from a document. Unlike a decoder that stops at the
// first mistake it goes on, and it keeps the line of every key.
type decoder struct {
	o      *Object
	before int // lines of the file before the document
	errs   Errors
}

func (d *decoder) line(n ast.Node) int { return d.before + n.GetToken().Position.Line }

func (d *decoder) bad(key string, n ast.Node, what string) {
	d.errs = append(d.errs, &Error{File: d.o.File, Line: d.line(n), Key: key, What: what})
}

// decode fills v, which is settable, from the node at a key.
func (d *decoder) decode(key string, n ast.Node, v reflect.Value) {
	switch n.Type() {
	case ast.NullType:
		d.bad(key, n, "has no value; write one or remove the key")
		return
	case ast.AnchorType, ast.AliasType, ast.TagType:
		d.bad(key, n, "is an anchor, an alias or a tag; write the value itself")
		return
	}
	d.o.fields[key] = field{line: d.line(n), text: textOf(n), full: !isEmpty(n)}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if v.Type() == reflect.TypeFor[resource.Quantity]() {
		d.quantity(key, n, v)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(key, n, v)
	case reflect.Slice:
		d.list(key, n, v)
	case reflect.Map:
		d.mapping(key, n, v)
	default:
		d.scalar(key, n, v)
	}
}

func (d *decoder) structure(key string, n ast.Node, v reflect.Value) {
	names, fields := members(v)
	seen := map[string]bool{}
	d.each(key, n, func(name string, at ast.Node, value ast.Node) {
		if seen[name] {
			d.bad(join(key, name), at, "is here twice; remove one")
			return
		}
		seen[name] = true
		i := slices.Index(names, name)
		if i < 0 {
			d.bad(join(key, name), at, "is unknown; "+d.unknown(key, name, names))
			return
		}
		d.decode(join(key, name), value, fields[i].value)
		if f, ok := d.o.fields[join(key, name)]; ok {
			f.line = d.line(at)
			d.o.fields[join(key, name)] = f
		}
	})
	if _, ok := n.(ast.MapNode); !ok {
		return
	}
	for i, name := range names {
		if fields[i].required && !seen[name] {
			d.bad(join(key, name), n, "is missing; add it")
		}
	}
}

func (d *decoder) mapping(key string, n ast.Node, v reflect.Value) {
	v.Set(reflect.MakeMap(v.Type()))
	d.each(key, n, func(name string, at ast.Node, value ast.Node) {
		if v.MapIndex(reflect.ValueOf(name)).IsValid() {
			d.bad(join(key, name), at, "is here twice; remove one")
			return
		}
		element := reflect.New(v.Type().Elem()).Elem()
		d.decode(join(key, name), value, element)
		v.SetMapIndex(reflect.ValueOf(name), element)
	})
}

// each calls do for every pair of a mapping.
func (d *decoder) each(key string, n ast.Node, do func(name string, at, value ast.Node)) {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.bad(key, n, "is "+describe(n)+"; want a mapping of keys to values")
		return
	}
	for it := m.MapRange(); it.Next(); {
		if it.Key().IsMergeKey() {
			d.bad(key, it.Key(), "merges an alias; write the keys themselves")
			continue
		}
		do(keyOf(it.Key()), it.Key(), it.Value())
	}
}

func (d *decoder) list(key string, n ast.Node, v reflect.Value) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		d.bad(key, n, "is "+describe(n)+"; want a list, such as [a, b]")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values)))
	for i, element := range s.Values {
		d.decode(fmt.Sprintf("%s[%d]", key, i), element, v.Index(i))
	}
}

// unknown says what a misspelt or misplaced key should be.
func (d *decoder) unknown(key, name string, siblings []string) string {
	if near := Suggest(name, siblings); near != "" {
		return "did you mean " + near + "?"
	}
	root := reflect.ValueOf(d.o.Tenant)
	if d.o.Tenant == nil {
		root = reflect.ValueOf(d.o.NodePolicy)
	}
	if places := find("", root.Elem().Type(), name); len(places) > 0 {
		return "did you mean " + oneOf(places) + "?"
	}
	return "see: bulkhead explain " + strings.TrimSuffix(join(d.o.Kind(), plain(key)), ".")
}

func keyOf(n ast.Node) string { return n.GetToken().Value }

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}
