package attack

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/attacks.md")

const document = "../../docs/attacks.md"

func fixtures(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("../../spec/isolator/testdata/attack/*.txtar")
	if err != nil || len(all) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	return all
}

func TestDocumentIsOfTheseRows(t *testing.T) {
	want := Document(fixtures(t))
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(document)
	if err != nil || string(got) != want {
		t.Errorf("docs/attacks.md is stale (%v); write it with: go test ./integration/attack -update", err)
	}
}

// Every row is tried, has a fixture, or says why not; and what is named exists.
func TestEveryRowIsAccountedFor(t *testing.T) {
	known := tests(t)
	numbers := map[string]bool{"0": true, "": true} // the control of fixtures
	for _, r := range Rows() {
		if numbers[r.Number] {
			t.Errorf("row %s is there twice", r.Number)
		}
		numbers[r.Number] = true
		for name := range strings.SplitSeq(r.Tested, ", ") {
			if name != "" && !slices.Contains(known, name) {
				t.Errorf("row %s is tried by %s, which does not exist", r.Number, name)
			}
		}
		for _, try := range r.Tries {
			if try.Privileged != "ok" && try.Below == "" {
				t.Errorf("row %s: %s never gets through, and nothing says why", r.Number, try.Technique)
			}
		}
	}
	fixed := map[string]bool{}
	for _, f := range fixtures(t) {
		number, _, _ := strings.Cut(filepath.Base(f), "_")
		number = strings.TrimLeft(number, "0")
		if fixed[number] = true; !numbers[number] && number != "i7" {
			t.Errorf("%s is of no row", filepath.Base(f))
		}
	}
	for _, r := range Rows() {
		if !fixed[r.Number] && r.Tested == "" && len(r.Tries) == 0 && r.Untried == "" {
			t.Errorf("row %s has no fixture, is not tried, and nothing says why", r.Number)
		}
	}
}

// tests are the names of those with real engines.
func tests(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("../*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				names = append(names, fn.Name.Name)
			}
		}
	}
	return names
}
