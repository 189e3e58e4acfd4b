package isolator

import (
	"errors"
	"fmt"
	"strings"
)

// Nothing is the Allow of a denial that no key of the policy can lift.
const Nothing = "nothing allows this"

// A Denial is one refusal, as a value.
type Denial struct {
	Isolator string `json:"isolator"`
	Path     string `json:"path"`  // field of the request, as the operator reads it: "linux.namespaces"
	Got      string `json:"got"`   // what was asked for
	Want     string `json:"want"`  // what would be accepted
	Allow    string `json:"allow"` // the key of the policy that would permit it, or Nothing
}

// Error is the sentence that the engine's user, the audit log and preview show.
func (d *Denial) Error() string {
	s := fmt.Sprintf("refused by %s: %s is %s, want %s; ", d.Isolator, d.Path, d.Got, d.Want)
	if d.Allow == Nothing {
		return s + Nothing
	}
	return s + "allow with " + d.Allow
}

// Denials are all denials of one request, in the order of isolators.
type Denials []*Denial

// Error is all sentences, or the first of them where a request has so many that
// nobody would read them, and an engine might not carry them.
func (ds Denials) Error() string {
	const most = 20
	var sentences []string
	for _, d := range ds[:min(most, len(ds))] {
		sentences = append(sentences, d.Error())
	}
	if more := len(ds) - most; more > 0 {
		sentences = append(sentences, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(sentences, "; ")
}

// DenialsOf splits an isolator's error into its denials and the rest, which is
// not a denial and fails the request whatever the tenant's enforcement.
func DenialsOf(err error) (Denials, error) {
	switch e := err.(type) {
	case nil:
		return nil, nil
	case *Denial:
		return Denials{e}, nil
	case Denials:
		return e, nil
	case interface{ Unwrap() []error }:
		var ds Denials
		var rest []error
		for _, part := range e.Unwrap() {
			d, other := DenialsOf(part)
			ds = append(ds, d...)
			if other != nil {
				rest = append(rest, other)
			}
		}
		return ds, errors.Join(rest...)
	default:
		return nil, err
	}
}
