package main

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// quantityPattern is the serialized form of a Kubernetes quantity.
// Source: k8s.io/apimachinery/pkg/api/resource.Quantity.
const quantityPattern = `^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$`

// node is a part of a JSON Schema. Draft 7 is what editors know.
type node = map[string]any

// schema is of one document: a Tenant or a NodePolicy.
func (all docs) schema() node {
	kind := func(kind string) node {
		return node{"properties": node{"kind": node{"const": kind}}, "required": []string{"kind"}}
	}
	return node{
		"$schema":  "http://json-schema.org/draft-07/schema#",
		"title":    v1alpha1.APIVersion,
		"type":     "object",
		"required": []string{"apiVersion", "kind"},
		"properties": node{
			"apiVersion": node{"const": v1alpha1.APIVersion},
			"kind":       node{"enum": []string{v1alpha1.KindTenant, v1alpha1.KindNodePolicy}},
		},
		"if":   kind(v1alpha1.KindNodePolicy),
		"then": all.object("nodepolicy", v1alpha1.KindNodePolicy),
		"else": all.object("tenant", v1alpha1.KindTenant),
	}
}

// object is the schema of a type where it stands at a key: what is implemented
// differs by place.
func (all docs) object(key, of string) node {
	properties := node{}
	n := node{"type": "object", "properties": properties, "additionalProperties": false}
	var required []string
	for _, f := range all.fields(of) {
		at := key + "." + f.name
		p := all.value(at, f)
		p["description"] = f.doc
		properties[f.name] = p
		if f.required {
			required = append(required, f.name)
		}
		if only, ok := compile.Implemented(at); !ok && only == "" {
			p["deprecationMessage"] = notYet(at) + " by this version; apply refuses it" // editors warn of it
		}
	}
	if required != nil {
		n["required"] = required
	}
	return n
}

// value is the schema of a key's value.
func (all docs) value(key string, f docField) node {
	var one node
	switch t := all[f.of]; {
	case t != nil && len(t.values) > 0:
		one = node{"enum": t.values}
		if only, ok := compile.Implemented(key); !ok && only != "" {
			one["enum"] = strings.Split(only, " and ")
		}
	case t != nil:
		one = all.object(key, f.of)
	case f.of == "quantity":
		one = node{"type": []string{"string", "number"}, "pattern": quantityPattern}
	case f.of == "int64":
		one = node{"type": "integer"}
	case f.of == "bool":
		one = node{"type": "boolean"}
	default:
		one = node{"type": "string"}
	}
	switch {
	case f.list:
		return node{"type": "array", "items": one}
	case f.mapping:
		return node{"type": "object", "additionalProperties": one}
	}
	return one
}

// showSchema prints the schema, keys sorted.
func (all docs) showSchema(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(all.schema())
}
