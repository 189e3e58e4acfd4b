// Package isolator decides, field by field, what of a container's request its
// tenant may have. One file is one isolator; the listing of this folder is the
// list of what Bulkhead isolates.
//
// The package is pure: it sees a policy, a request and facts that others found
// out, and touches nothing. It trusts the policy and the facts; everything in
// the request is hostile until decided.
package isolator

import (
	"slices"
	"sort"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// An Isolator decides one part of a container for its tenant. It owns the
// pointers in Owns: it may change nothing else, and nothing else may change them.
type Isolator struct {
	Name   string
	Owns   []string // JSON pointers (RFC 6901) into Request
	Reason string   // why a value was changed, for the operator; one clause

	// Leq is a preorder on what it owns: a grants no more than b.
	Leq func(a, b *Request) bool
	// Rewrite decides a Create. It reads Case.Asked and changes the Request.
	Rewrite func(*Case, *Request) error
	// Exec narrows a further process; nil: exec cannot reach what it owns.
	Exec func(*Case, *specs.Process) error
	// Update decides new resources, already merged with the recorded ones;
	// nil: update cannot reach what it owns.
	Update func(*Case, *specs.LinuxResources) error
	// Holds is the tenant's ceiling as a test; nil after every Rewrite. It reads
	// the policy and recorded facts only.
	Holds func(*Case, *Request) error
}

var registry []Isolator

// register adds an isolator; its result is there so that a file can register
// in a variable declaration.
func register(i Isolator) struct{} {
	registry = append(registry, i)
	return struct{}{}
}

// All returns every isolator, by name. The order has no effect on a result:
// isolators read the Case, never each other.
func All() []Isolator {
	all := slices.Clone(registry)
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}
