package compile

import (
	"strings"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
)

// Object is one document that the operator wrote, with the positions of its
// keys. Exactly one of Tenant and NodePolicy is set.
type Object struct {
	File string // as named by the operator; "tenant/acme" when from the store
	Line int    // of the document's first key
	Text string // as written, ends in one newline

	Tenant     *v1alpha1.Tenant
	NodePolicy *v1alpha1.NodePolicy

	fields map[string]field // by key: "spec.limits.cpu", "spec.engineRoots[0]"
}

// field is a key that the document has.
type field struct {
	line int
	text string // of a scalar, as written
	full bool   // a scalar, or a list or mapping that is not empty
}

// Kind is the object's kind, in lower case: "tenant" or "nodepolicy".
func (o *Object) Kind() string {
	if o.Tenant != nil {
		return "tenant"
	}
	return "nodepolicy"
}

// Name is the object's metadata.name.
func (o *Object) Name() string {
	if o.Tenant != nil {
		return o.Tenant.Metadata.Name
	}
	return o.NodePolicy.Metadata.Name
}

// Ref names the object as kubectl does: "tenant/acme".
func (o *Object) Ref() string { return o.Kind() + "/" + o.Name() }

// at returns the line of a key, or of the nearest key above it that was written.
func (o *Object) at(key string) int {
	for key != "" {
		if f, ok := o.fields[key]; ok {
			return f.line
		}
		key = key[:max(strings.LastIndexAny(key, ".["), 0)]
	}
	return o.Line
}

// text is the value of a key as written.
func (o *Object) text(key string) string { return o.fields[key].text }
