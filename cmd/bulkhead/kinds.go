package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// plurals are the kinds that can be named, by their plural.
var plurals = map[string]string{
	"tenants":      "tenant",
	"nodepolicies": "nodepolicy",
	"containers":   "container",
	"versions":     "version",
	"exemptions":   "exemption",
}

// kindOf returns the singular of a kind as typed, among those that a verb knows.
func kindOf(typed string, known ...string) (string, error) {
	word := strings.ToLower(typed)
	if singular, ok := plurals[word]; ok {
		word = singular
	}
	if slices.Contains(known, word) {
		return word, nil
	}
	if near := compile.Suggest(word, known); near != "" {
		return "", fmt.Errorf("unknown kind %q; did you mean %s?", typed, near)
	}
	return "", fmt.Errorf("unknown kind %q; want one of %s", typed, strings.Join(known, ", "))
}

// notFound says that there is no such object, and which one may be meant.
func notFound(kind, name string, names []string) error {
	if near := compile.Suggest(name, names); near != "" {
		return fmt.Errorf("%s %q not found; did you mean %s?", kind, name, near)
	}
	return fmt.Errorf("%s %q not found; see: bulkhead get %s", kind, name, kind)
}
