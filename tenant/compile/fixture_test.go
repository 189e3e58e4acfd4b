package compile

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the wanted parts of the fixtures")

// TestMistakesAreNamedWithTheirFix: each fixture is what an operator wrote and
// every sentence that it is refused with.
func TestMistakesAreNamedWithTheirFix(t *testing.T) {
	eachFixture(t, "testdata/refused/*.txtar", refused)
}

func refused(t *testing.T, objects []*Object, mistakes Errors) string {
	if len(mistakes) == 0 {
		_, err := Compile(objects)
		if err == nil {
			t.Fatal("accepted")
		}
		mistakes = err.(Errors)
	}
	return mistakes.Error() + "\n"
}

// TestPoliciesCompile: each fixture is what an operator wrote and what the shim
// reads for it.
func TestPoliciesCompile(t *testing.T) {
	eachFixture(t, "testdata/accepted/*.txtar", compiled)
}

// TestPlannedKeysCompile: the same for keys that apply does not let in yet.
func TestPlannedKeysCompile(t *testing.T) {
	implementAll(t)
	eachFixture(t, "testdata/planned/accepted/*.txtar", compiled)
	eachFixture(t, "testdata/planned/refused/*.txtar", refused)
}

// implementAll lets a test compile every documented key.
func implementAll(t *testing.T) {
	all := unimplemented
	unimplemented = nil
	t.Cleanup(func() { unimplemented = all })
}

func compiled(t *testing.T, objects []*Object, mistakes Errors) string {
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	c, err := Compile(objects)
	if err != nil {
		t.Fatal(err)
	}
	content, err := render(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return content.String() + c.Warnings.String()
}

// eachFixture compares what is got for the input of a fixture with its section want.
func eachFixture(t *testing.T, pattern string, got func(*testing.T, []*Object, Errors) string) {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v, %v", pattern, paths, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var objects []*Object
			var mistakes Errors
			inputs := a.Files[:0:0]
			want := ""
			for _, f := range a.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				inputs = append(inputs, f)
				found, err := Read(f.Name, f.Data)
				if err != nil {
					mistakes = append(mistakes, err.(Errors)...)
				}
				objects = append(objects, found...)
			}
			result := got(t, objects, mistakes)
			if *update {
				a.Files = append(inputs, txtar.File{Name: "want", Data: []byte(result)})
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, result); diff != "" {
				t.Errorf("want - got +:\n%s", diff)
			}
		})
	}
}

// String shows the files of a version as an operator sees them with ls and cat.
func (fs files) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(fs)) {
		f := fs[name]
		switch {
		case f.link != "":
			b.WriteString(name + " -> " + f.link + "\n")
		case len(f.data) == 0:
			b.WriteString(name + "\n")
		default:
			b.WriteString(name + " " + compact(f.data) + "\n")
		}
	}
	return b.String()
}

// String is one warning a line.
func (es Errors) String() string {
	var b strings.Builder
	for _, e := range es {
		b.WriteString("warning: " + e.Error() + "\n")
	}
	return b.String()
}

// compact puts each first-level member of an object on a line of its own.
func compact(data []byte) string {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err.Error()
	}
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(members)) {
		var v any
		if err := json.Unmarshal(members[key], &v); err != nil {
			return err.Error()
		}
		one, err := json.Marshal(v)
		if err != nil {
			return err.Error()
		}
		lines = append(lines, "  "+key+": "+string(one))
	}
	return "\n" + strings.Join(lines, "\n")
}
