package compile

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"k8s.io/apimachinery/pkg/api/resource"
)

// scalar fills a string, a spelling of an enum, a whole number or a bool.
func (d *decoder) scalar(key string, n ast.Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		text, ok := stringOf(n)
		e, enum := v.Interface().(interface{ Values() []string })
		if !ok && enum {
			d.bad(key, n, "is "+describe(n)+"; want "+oneOf(e.Values()))
			return
		}
		if !ok {
			d.bad(key, n, "is "+describe(n)+"; want a string, in quotes if it looks like something else")
			return
		}
		if enum && !slices.Contains(e.Values(), text) {
			d.bad(key, n, "is "+quoted(text)+"; "+fix(text, e.Values()))
			return
		}
		v.SetString(text)
	case reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			d.bad(key, n, "is "+describe(n)+"; want true or false")
			return
		}
		v.SetBool(b.Value)
	case reflect.Int64:
		i, ok := n.(*ast.IntegerNode)
		if ok {
			switch value := i.Value.(type) {
			case int64:
				v.SetInt(value)
				return
			case uint64:
				if value < 1<<63 {
					v.SetInt(int64(value))
					return
				}
			}
		}
		d.bad(key, n, "is "+describe(n)+"; want a whole number without a unit")
	}
}

// quantity fills a Kubernetes quantity from a string or a number.
func (d *decoder) quantity(key string, n ast.Node, v reflect.Value) {
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode:
	default:
		d.bad(key, n, "is "+describe(n)+"; want a quantity such as 500m, 4 or 8Gi")
		return
	}
	text := textOf(n)
	q, err := resource.ParseQuantity(text)
	if err != nil {
		what := "want a quantity such as 500m, 4 or 8Gi"
		if short, ok := strings.CutSuffix(text, "B"); ok {
			if _, err := resource.ParseQuantity(short); err == nil {
				what = "did you mean " + short + "?"
			}
		}
		d.bad(key, n, "is "+quoted(text)+"; "+what)
		return
	}
	v.Set(reflect.ValueOf(q))
}

// textOf is a scalar as written, without quotes.
func textOf(n ast.Node) string {
	if s, ok := stringOf(n); ok {
		return s
	}
	if _, ok := n.(ast.ScalarNode); ok {
		return n.GetToken().Value
	}
	return ""
}

func stringOf(n ast.Node) (string, bool) {
	switch s := n.(type) {
	case *ast.StringNode:
		return s.Value, true
	case *ast.LiteralNode:
		return s.Value.Value, true
	}
	return "", false
}

// describe names what a node is, for a sentence "is …".
func describe(n ast.Node) string {
	switch n.(type) {
	case ast.MapNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return "the boolean " + n.GetToken().Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "the number " + n.GetToken().Value
	default:
		return "the string " + strconv.Quote(textOf(n))
	}
}

func isEmpty(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.MappingNode:
		return len(n.Values) == 0
	case *ast.SequenceNode:
		return len(n.Values) == 0
	}
	return false
}

// quoted shows an empty text as "".
func quoted(text string) string {
	if text == "" || strings.ContainsAny(text, " \t\n") {
		return `"` + strings.ReplaceAll(text, "\n", " ") + `"`
	}
	return text
}
