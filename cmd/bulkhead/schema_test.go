package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

var update = flag.Bool("update", false, "rewrite what is printed from the source")

const schemaFile = "../../docs/schema/v1alpha1.json"

func TestTheSchemaIsOfTheseKeys(t *testing.T) {
	all, err := readDocs()
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := all.showSchema(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(schemaFile); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is stale (%v); write it with: go test ./cmd/bulkhead -run %s -update", schemaFile, err, t.Name())
	}
}

// editor is what an editor says of a document: nil if nothing.
func editor(t *testing.T) func(document string) error {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return func(document string) error {
		var value any
		if err := yaml.Unmarshal([]byte(document), &value); err != nil || value == nil { // a comment alone is no document
			return err
		}
		data, err := yaml.MarshalWithOptions(value, yaml.JSON())
		if err != nil {
			return err
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			return err
		}
		return s.Validate(instance)
	}
}

// single splits a stream into its documents.
func single(stream []byte) (documents []string) {
	for _, d := range strings.Split("\n"+string(stream), "\n---") {
		if strings.TrimSpace(d) != "" {
			documents = append(documents, d)
		}
	}
	return documents
}

// TestEditorsAcceptWhatApplyDoes: every sample of the documentation and every
// fixture that compiles.
func TestEditorsAcceptWhatApplyDoes(t *testing.T) {
	says := editor(t)
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	samples := map[string][]string{}
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range fenced(text, "yaml") {
			samples[page] = append(samples[page], single(block)...)
		}
	}
	for path, inputs := range compiled(t, "accepted") {
		samples[path] = append(samples[path], inputs...)
	}
	if len(samples) < 10 {
		t.Fatalf("only %d pages and fixtures have samples", len(samples))
	}
	for page, documents := range samples {
		for _, d := range documents {
			if err := says(d); err != nil {
				t.Errorf("%s: %v\n%s", page, err, d)
			}
		}
	}
}

// compiled are the YAML documents of package compile's fixtures.
func compiled(t *testing.T, kind string) map[string][]string {
	t.Helper()
	paths, err := filepath.Glob("../../tenant/compile/testdata/" + kind + "/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	all := map[string][]string{}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			if f.Name != "want" {
				all[filepath.Base(path)] = append(all[filepath.Base(path)], single(f.Data)...)
			}
		}
	}
	return all
}

// TestEditorsRefuseOnlyWhatValidateDoes: a document that an editor complains of
// does not validate; and those whose mistake is one of form it complains of.
func TestEditorsRefuseOnlyWhatValidateDoes(t *testing.T) {
	says := editor(t)
	form := []string{"types.txtar", "enums.txtar", "unknown_keys.txtar", "missing.txtar", "quantities.txtar"}
	for path, documents := range compiled(t, "refused") {
		complained := false
		for _, d := range documents {
			if says(d) == nil {
				continue
			}
			complained = true
			objects, err := compile.Read(path, []byte(d))
			if err == nil {
				_, err = compile.Compile(objects)
			}
			if err == nil {
				t.Errorf("%s: validate accepts what an editor does not: %v\n%s", path, says(d), d)
			}
		}
		if slices.Contains(form, path) && !complained {
			t.Errorf("%s: an editor sees nothing", path)
		}
	}
}

// TestEveryMisspeltKeyIsRefusedByBoth: at every place of a key.
func TestEveryMisspeltKeyIsRefusedByBoth(t *testing.T) {
	says := editor(t)
	all, err := readDocs()
	if err != nil {
		t.Fatal(err)
	}
	places := 0
	var walk func(kind, of string, path []docField)
	walk = func(kind, of string, path []docField) {
		places++
		d := misspelt(kind, path)
		if says(d) == nil {
			t.Errorf("an editor accepts\n%s", d)
		}
		if _, err := compile.Read("x.yaml", []byte(d)); err == nil {
			t.Errorf("validate accepts\n%s", d)
		}
		for _, f := range all.fields(of) {
			if len(all.fields(f.of)) > 0 {
				walk(kind, f.of, append(slices.Clone(path), f))
			}
		}
	}
	walk(v1alpha1.KindTenant, v1alpha1.KindTenant, nil)
	walk(v1alpha1.KindNodePolicy, v1alpha1.KindNodePolicy, nil)
	if places < 20 {
		t.Errorf("found %d places", places)
	}
}

// misspelt is a document with a key that nobody knows at a place.
func misspelt(kind string, path []docField) string {
	text := "{misspelt: 1}"
	for _, f := range slices.Backward(path) {
		switch {
		case f.list:
			text = "[" + text + "]"
		case f.mapping:
			text = "{x: " + text + "}"
		}
		text = "{" + f.name + ": " + text + "}"
	}
	head := "apiVersion: " + v1alpha1.APIVersion + ", kind: " + kind
	if path == nil || path[0].name != "metadata" {
		head += ", metadata: {name: default}"
	}
	return "{" + head + ", " + strings.TrimPrefix(text, "{") + "\n"
}
