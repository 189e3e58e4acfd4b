package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"strconv"
	"strings"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
)

// docs are the types of v1alpha1 as its source documents them.
type docs map[string]*docType

type docType struct {
	doc    string
	fields []docField
	values []string // of an enum
}

type docField struct {
	name     string // as the operator writes it
	doc      string
	list     bool
	mapping  bool   // keys are the operator's
	of       string // name of the type, or of the element's
	required bool
}

// readDocs parses the source that the binary carries.
func readDocs() (docs, error) {
	all := docs{}
	names, err := fs.Glob(v1alpha1.Source, "*.go")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		src, err := v1alpha1.Source.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				all.types(d)
			case *ast.FuncDecl:
				all.values(d)
			}
		}
	}
	return all, nil
}

func (all docs) named(name string) *docType {
	if all[name] == nil {
		all[name] = new(docType)
	}
	return all[name]
}

func (all docs) types(d *ast.GenDecl) {
	for _, s := range d.Specs {
		t, ok := s.(*ast.TypeSpec)
		if !ok {
			continue
		}
		out := all.named(t.Name.Name)
		out.doc = sentence(d.Doc.Text())
		if st, ok := t.Type.(*ast.StructType); ok {
			for _, f := range st.Fields.List {
				out.fields = append(out.fields, fieldDoc(f))
			}
		}
	}
}

// fieldDoc describes a field; one without a name is embedded.
func fieldDoc(f *ast.Field) docField {
	d := docField{doc: sentence(f.Doc.Text())}
	if f.Tag != nil {
		tag, _ := strconv.Unquote(f.Tag.Value)
		name, options, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		d.name, d.required = name, options == ""
	}
	e := f.Type
	for {
		switch t := e.(type) {
		case *ast.StarExpr:
			e = t.X
		case *ast.ArrayType:
			e, d.list = t.Elt, true
		case *ast.MapType:
			e, d.mapping = t.Value, true
		case *ast.SelectorExpr:
			d.of = strings.ToLower(t.Sel.Name) // resource.Quantity
			return d
		case *ast.Ident:
			d.of = t.Name
			return d
		default:
			return d
		}
	}
}

// values reads the spellings of an enum from its method Values.
func (all docs) values(d *ast.FuncDecl) {
	if d.Name.Name != "Values" || d.Recv == nil {
		return
	}
	enum, ok := d.Recv.List[0].Type.(*ast.Ident)
	if !ok {
		return
	}
	ast.Inspect(d.Body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			value, _ := strconv.Unquote(lit.Value)
			all.named(enum.Name).values = append(all.named(enum.Name).values, value)
		}
		return true
	})
}

// fields returns the keys of a type, with those of what it embeds.
func (all docs) fields(t string) []docField {
	var out []docField
	for _, f := range all.named(t).fields {
		if f.name == "" {
			out = append(out, all.fields(f.of)...)
			continue
		}
		out = append(out, f)
	}
	return out
}

// typeOf names a field's type in the operator's words.
func (all docs) typeOf(f docField) string {
	name := f.of
	switch t := all[f.of]; {
	case t != nil && len(t.values) > 0:
		name = strings.Join(t.values, "|")
	case t != nil:
		name = "object"
	case name == "int64":
		name = "integer"
	case name == "bool":
		name = "boolean"
	}
	switch {
	case f.list:
		return "list of " + name
	case f.mapping:
		return "map of " + name
	}
	return name
}

// sentence is a comment as running text.
func sentence(comment string) string { return strings.Join(strings.Fields(comment), " ") }
