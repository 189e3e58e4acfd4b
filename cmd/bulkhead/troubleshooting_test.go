package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile/compiletest"
)

// troubleshooting is the page's sections by their headings, spaces made one.
func troubleshooting(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, part := range strings.Split("\n"+string(page), "\n##")[1:] {
		heading, text, _ := strings.Cut(part, "\n")
		heading = strings.TrimSpace(strings.TrimLeft(heading, "#"))
		if sections[heading] != "" {
			t.Errorf("%s is there twice", heading)
		}
		sections[heading] = strings.Join(strings.Fields(text), " ") + " "
	}
	return sections
}

// denierNames are of isolators, and of what package runtime decides itself.
func denierNames(t *testing.T) (names []string) {
	t.Helper()
	for _, i := range isolator.All() {
		names = append(names, i.Name)
	}
	named := regexp.MustCompile(`Isolator: +"([a-z]+)"`)
	for _, source := range sources(t, "../../runtime/*.go") {
		for _, m := range named.FindAllStringSubmatch(source, -1) {
			names = append(names, m[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func sources(t *testing.T, pattern string) (texts []string) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatal(pattern, err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(data))
	}
	return texts
}

func TestTroubleshootingHasEveryIsolatorAndNoOther(t *testing.T) {
	page := troubleshooting(t)
	var headings []string
	for heading := range page {
		if !strings.Contains(heading, " ") {
			headings = append(headings, heading)
		}
	}
	slices.Sort(headings)
	if names := denierNames(t); !slices.Equal(headings, names) {
		t.Errorf("it has\n%v, there are\n%v", headings, names)
	}
}

// TestTroubleshootingNamesEveryKeyThatAllows: what a sentence of a fixture says
// would allow it, its isolator's section speaks of; and where no fixture is
// refused, it says so.
func TestTroubleshootingNamesEveryKeyThatAllows(t *testing.T) {
	page := troubleshooting(t)
	allows := regexp.MustCompile(`refused by ([a-z]+): [^\n]*?(?:; allow with ([A-Za-z.]+)|; ` + isolator.Nothing + `)`)
	refused := map[string]bool{}
	keys := 0
	fixtures := append(sources(t, "../../spec/isolator/testdata/case/*/*.txtar"), sources(t, "../../spec/isolator/testdata/attack/*.txtar")...)
	for _, fixture := range fixtures {
		for _, m := range allows.FindAllStringSubmatch(fixture, -1) {
			name, key := m[1], strings.TrimRight(m[2], ".")
			refused[name] = true
			if key != "" {
				keys++
			}
			if key != "" && !strings.Contains(page[name], key) {
				t.Errorf("%s: %s is not named", name, key)
			}
		}
	}
	if keys < 50 {
		t.Errorf("found %d sentences with a key", keys)
	}
	for _, i := range isolator.All() {
		if says := strings.Contains(page[i.Name], "Refuses nothing"); says == refused[i.Name] {
			t.Errorf("%s: the page says that it refuses nothing: %v; fixtures have a refusal: %v", i.Name, says, refused[i.Name])
		}
	}
}

// TestTroubleshootingHasEverySentenceWithoutAPolicy: those of a container that
// has no tenant.
func TestTroubleshootingHasEverySentenceWithoutAPolicy(t *testing.T) {
	section := troubleshooting(t)["Before a policy decides"]
	sentences := []string{tenant.ErrNoPolicy.Error(), record.ErrExists.Error()}
	for _, e := range []tenant.Evidence{{ContainerdNamespace: "N"}, {KubernetesNamespace: "N"}} {
		root := tenant.Root(t.TempDir())
		sentences = append(sentences, unresolved(t, root, e))
	}
	literal := regexp.MustCompile(`Unresolved\{(?:Reason: |fmt\.Sprintf\()"([^"]+)"`)
	for _, source := range append(sources(t, "../../tenant/*.go"), sources(t, "../../runtime/*.go")...) {
		for _, m := range literal.FindAllStringSubmatch(source, -1) {
			sentences = append(sentences, strings.Split(m[1], "%s")...)
		}
	}
	if len(sentences) < 9 {
		t.Errorf("found only %q", sentences)
	}
	for _, s := range sentences {
		if !strings.Contains(section, strings.TrimSpace(s)) {
			t.Errorf("it lacks %q", s)
		}
	}
}

// unresolved is the sentence for a container that no tenant of a policy owns.
func unresolved(t *testing.T, root tenant.Root, e tenant.Evidence) string {
	t.Helper()
	compiletest.Apply(t, root, "apiVersion: bulkhead.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\nspec: {}\n")
	st, err := tenant.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	node, err := st.Node()
	if err != nil {
		t.Fatal(err)
	}
	_, err = st.Resolve(node, e)
	if err == nil {
		t.Fatalf("%+v has a tenant", e)
	}
	return strings.TrimPrefix(err.Error(), "refused: ")
}
