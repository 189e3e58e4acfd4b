package integration

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// enginesPage is what docs/engines.md says.
func enginesPage(t *testing.T) string {
	t.Helper()
	repo, err := node.Repository()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(repo, "docs/engines.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each row of the tables names a test that there is.
func TestEnginesPageNamesTests(t *testing.T) {
	if os.Getenv("BULKHEAD_TEST_VM") != "" {
		t.Skip("the sources are not there")
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests bytes.Buffer
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(text)
	}
	named := regexp.MustCompile(`\| (Test\w+) \|`).FindAllStringSubmatch(enginesPage(t), -1)
	for _, name := range named {
		if !bytes.Contains(tests.Bytes(), []byte("func "+name[1]+"(")) {
			t.Errorf("there is no %s", name[1])
		}
	}
	if len(named) < 20 {
		t.Errorf("the page names %d tests", len(named))
	}
}

// Docker takes the daemon.json of the page.
func TestDockerTakesTheDocumentedConfiguration(t *testing.T) {
	engines := dockers(t)
	_, sample, ok := strings.Cut(enginesPage(t), "```json\n")
	if !ok {
		t.Fatal("the page has no daemon.json")
	}
	sample, _, _ = strings.Cut(sample, "```")
	for _, e := range engines {
		if !e.NamesShims {
			continue // has no --validate, and cannot name a shim
		}
		t.Run(e.Name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "daemon.json")
			for text, want := range map[string]bool{sample: true, strings.Replace(sample, "runtimes", "runtime", 1): false} {
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := e.Validate(t.Context(), file); (err == nil) != want {
					t.Errorf("dockerd --validate says %v of\n%s", err, text)
				}
			}
		})
	}
}
