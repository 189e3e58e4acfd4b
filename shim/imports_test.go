package shim_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The shim runs once for every container: what it links is paid for each time.
// gRPC's codes, status and metadata come with ttrpc and containerd's errors.
func TestShimLinksNoHeavyPackage(t *testing.T) {
	out, err := exec.Command("go", "list", "-tags", "no_grpc", "-deps", "../cmd/containerd-shim-bulkhead-v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := strings.Fields(string(out))
	if !slices.Contains(linked, "github.com/containerd/ttrpc") {
		t.Fatal("the list lacks ttrpc, so it is not the shim's")
	}
	forbidden := []string{"google.golang.org/grpc", "sigs.k8s.io/", "k8s.io/", "gopkg.in/yaml", "go.yaml.in/", "github.com/goccy/go-yaml", "github.com/spf13/", "github.com/pelletier/go-toml"}
	for _, p := range linked {
		for _, f := range forbidden {
			if p == f || strings.HasSuffix(f, "/") && strings.HasPrefix(p, f) || strings.HasPrefix(p, f+"/v") {
				t.Errorf("the shim links %s", p)
			}
		}
	}
}

// Nothing of Bulkhead's own imports gRPC at all.
func TestOwnPackagesOfTheShimImportNoGRPC(t *testing.T) {
	out, err := exec.Command("go", "list", "-tags", "no_grpc", "-deps", "-f", `{{.ImportPath}}: {{join .Imports " "}}`, "../cmd/containerd-shim-bulkhead-v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	own := 0
	for line := range strings.Lines(string(out)) {
		path, imports, _ := strings.Cut(line, ": ")
		if !strings.HasPrefix(path, "github.com/bulkhead-dev/bulkhead/") {
			continue
		}
		own++
		for _, i := range strings.Fields(imports) {
			if strings.HasPrefix(i, "google.golang.org/grpc") {
				t.Errorf("%s imports %s", path, i)
			}
		}
	}
	if own < 5 {
		t.Fatalf("only %d own packages found", own)
	}
}
