// Package v1alpha1 is what the operator writes, as Go types, one file a
// section. Reading and checking it is package compile's work; the doc comments
// here are what `bulkhead explain` prints, so each says what the key does, its
// unit, its values and its default.
package v1alpha1

import "embed"

const (
	// APIVersion is the apiVersion of every object of this package.
	APIVersion = "bulkhead.dev/v1alpha1"
	// KindTenant is the kind of Tenant.
	KindTenant = "Tenant"
	// KindNodePolicy is the kind of NodePolicy.
	KindNodePolicy = "NodePolicy"
	// NodePolicyName is the only name that a NodePolicy has.
	NodePolicyName = "default"
)

// Source is the text of this package, from which the CLI explains keys.
//
//go:embed *.go
var Source embed.FS

// TypeMeta says what an object is.
type TypeMeta struct {
	// apiVersion is the version of the format: bulkhead.dev/v1alpha1.
	APIVersion string `json:"apiVersion"`
	// kind is Tenant or NodePolicy.
	Kind string `json:"kind"`
}

// Metadata names an object.
type Metadata struct {
	// name tells objects of one kind apart. A tenant's is an RFC 1123 label: at
	// most 63 lower case letters, digits and '-'. A NodePolicy's is "default".
	Name string `json:"name"`
}
