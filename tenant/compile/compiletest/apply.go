// Package compiletest puts policies in force in tests of other packages.
package compiletest

import (
	"testing"

	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// Apply puts documents in force below a root, as all that is.
func Apply(t testing.TB, root tenant.Root, documents string) {
	t.Helper()
	objects, err := compile.Read("policy.yaml", []byte(documents))
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := compile.Compile(objects)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := compile.Write(root, compiled, objects, compile.Entry{Command: "test"}); err != nil {
		t.Fatal(err)
	}
}
