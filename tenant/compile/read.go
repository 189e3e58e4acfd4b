package compile

import (
	"errors"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
)

// Read reads all documents of a file. The error is Errors, with every mistake
// of every document; name is the file's name in them.
func Read(name string, data []byte) ([]*Object, error) {
	var objects []*Object
	var errs Errors
	for _, doc := range documents(strings.TrimPrefix(string(data), "\ufeff")) {
		if o := readDocument(name, doc, &errs); o != nil {
			objects = append(objects, o)
		}
	}
	return objects, errs.orNil()
}

// readDocument returns nil for an empty document, and for one with mistakes,
// which it adds to errs.
func readDocument(name string, doc document, errs *Errors) *Object {
	file, err := parser.ParseBytes([]byte(doc.text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		*errs = append(*errs, syntaxError(name, doc, err))
		return nil
	}
	var body ast.Node
	for _, d := range file.Docs {
		if d.Body != nil {
			body = d.Body
		}
	}
	if body == nil {
		return nil
	}
	d := &decoder{
		o:      &Object{File: name, Text: trim(doc.text), fields: map[string]field{}},
		before: doc.before,
	}
	d.o.Line = d.line(body)
	d.root(body)
	*errs = append(*errs, d.errs...)
	if len(d.errs) > 0 {
		return nil
	}
	return d.o
}

func syntaxError(name string, doc document, err error) *Error {
	e := &Error{File: name, Line: doc.before + 1, What: "is not YAML: " + err.Error()}
	var y yaml.Error
	if errors.As(err, &y) && y.GetToken() != nil {
		e.Line = doc.before + y.GetToken().Position.Line
		e.What = "is not YAML: " + y.GetMessage() + "; mind indentation, quotes and colons here and in the line above"
	}
	return e
}

// root decodes the document by its kind.
func (d *decoder) root(body ast.Node) {
	m, ok := body.(ast.MapNode)
	if !ok {
		d.bad("", body, "is not an object; want apiVersion, kind, metadata and spec")
		return
	}
	apiVersion, kind := body, body
	for it := m.MapRange(); it.Next(); {
		switch keyOf(it.Key()) {
		case "apiVersion":
			apiVersion = it.Value()
		case "kind":
			kind = it.Value()
		}
	}
	switch v := apiVersion.GetToken().Value; {
	case apiVersion == body:
		d.bad("", body, "apiVersion is missing; add apiVersion: "+v1alpha1.APIVersion)
		return
	case v != v1alpha1.APIVersion:
		d.bad("apiVersion", apiVersion, "is "+v+"; want "+v1alpha1.APIVersion)
		return
	}
	switch v := kind.GetToken().Value; {
	case kind == body:
		d.bad("", body, "kind is missing; add kind: Tenant or kind: NodePolicy")
	case v == v1alpha1.KindTenant:
		d.o.Tenant = new(v1alpha1.Tenant)
		d.decode("", body, reflect.ValueOf(d.o.Tenant).Elem())
	case v == v1alpha1.KindNodePolicy:
		d.o.NodePolicy = new(v1alpha1.NodePolicy)
		d.decode("", body, reflect.ValueOf(d.o.NodePolicy).Elem())
	default:
		d.bad("kind", kind, "is "+v+"; "+fix(v, []string{v1alpha1.KindTenant, v1alpha1.KindNodePolicy}))
	}
}

// fix says what a misspelt value should be.
func fix(got string, values []string) string {
	if near := Suggest(got, values); near != "" {
		return "did you mean " + near + "?"
	}
	return "want " + oneOf(values)
}
