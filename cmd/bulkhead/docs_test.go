package main

import (
	"strings"
	"testing"
)

// TestEveryKeyIsDocumented: explain has a sentence for every key, which names
// its default unless it must be written or only holds others.
func TestEveryKeyIsDocumented(t *testing.T) {
	all, err := readDocs()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	var walk func(key, of string)
	walk = func(key, of string) {
		for _, f := range all.fields(of) {
			seen++
			at := key + "." + f.name
			if !strings.HasPrefix(f.doc, f.name+" ") || !strings.HasSuffix(f.doc, ".") {
				t.Errorf("%s: want a sentence that begins with its name, got %q", at, f.doc)
			}
			holds := len(all.fields(f.of)) > 0 && !f.list && !f.mapping
			if !f.required && !holds && !strings.Contains(f.doc, "Default: ") && !strings.Contains(f.doc, "only with") {
				t.Errorf("%s: names no default: %q", at, f.doc)
			}
			walk(at, f.of)
		}
	}
	walk("tenant", "Tenant")
	walk("nodepolicy", "NodePolicy")
	if seen < 100 {
		t.Errorf("found %d keys", seen)
	}
}
