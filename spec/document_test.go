package spec_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

const document = "../docs/isolators.md"

// docs/isolators.md is what the isolators say of themselves.
func TestDocumentIsOfTheseIsolators(t *testing.T) {
	want := documentOf(t)
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(document); err != nil || string(got) != want {
		t.Errorf("docs/isolators.md is stale (%v); write it with: go test ./spec -run %s -update", err, t.Name())
	}
}

func documentOf(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(`# Isolators

<!-- Printed from spec/isolator; go test ./spec -run TestDocumentIsOfTheseIsolators -update writes it. -->

Each part of what an engine asks for is decided by one isolator. "Attack row" is a number in [attacks.md](attacks.md).
A quantity or a default is narrowed; what would change what the workload is refuses it, with a sentence that names the
field, what would be accepted and the key of the policy that allows it.
`)
	blocks := selfDescriptions(t)
	for _, i := range isolator.All() {
		block := blocks[i.Name]
		if block == nil {
			t.Errorf("isolator %s has no comment that begins with its name and has Owns, Rule, Because and Escape", i.Name)
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", i.Name, sentence(block["summary"]))
		for _, part := range parts[:len(parts)-1] {
			fmt.Fprintf(&b, "- **%s**: %s\n", part, block[part])
		}
		fmt.Fprintf(&b, "- **Escape**: %s\n", block["Escape"])
		fixtures, err := filepath.Glob(filepath.Join("isolator", "testdata", "case", i.Name, "*.txtar"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "- **Fields**: `%s`\n- **Fixtures**: %d\n", strings.Join(i.Owns, "`, `"), len(fixtures))
	}
	b.WriteString("\n## Passed through\n\nThese reach the delegate as they came.\n\n")
	for _, p := range slices.Sorted(maps.Keys(spec.Passthrough)) {
		fmt.Fprintf(&b, "- `%s`: %s\n", p, spec.Passthrough[p])
	}
	return b.String()
}

// parts of an isolator's comment, in order.
var parts = []string{"Owns", "Rule", "Because", "Escape"}

// selfDescriptions are the comments at the top of the isolators' files, by name
// and part, each as one line.
func selfDescriptions(t *testing.T) map[string]map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("isolator", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]string{}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range f.Comments {
			name, _, found := strings.Cut(c.Text(), ":")
			if text := c.Text(); found && strings.Contains(text, "\nOwns ") && strings.Contains(text, "\nEscape ") {
				all[name] = described(strings.TrimPrefix(text, name+":"))
			}
		}
	}
	return all
}

func described(text string) map[string]string {
	block, at := map[string]string{}, "summary"
	for line := range strings.Lines(text) {
		for _, part := range parts {
			if rest, ok := strings.CutPrefix(line, part+" "); ok {
				at, line = part, rest
			}
		}
		block[at] = strings.TrimSpace(block[at] + " " + strings.TrimSpace(line))
	}
	return block
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
