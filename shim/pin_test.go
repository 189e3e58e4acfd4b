package shim

import (
	"os"
	"path/filepath"
	"testing"

	runtimeoptions "github.com/containerd/containerd/api/types/runtimeoptions/v1"
	"github.com/containerd/typeurl/v2"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

func TestHandlerFileCountsOnlyAsRootsOwnInItsFolder(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: a handler's file belongs to root")
	}
	root := tenant.Root(t.TempDir())
	if err := os.MkdirAll(root.Handlers(), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(path string, mode os.FileMode) string {
		if err := os.WriteFile(path, []byte(`tenant = "acme"`), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write(filepath.Join(root.Handlers(), "acme.toml"), 0o644)
	elsewhere := write(filepath.Join(t.TempDir(), "acme.toml"), 0o644)
	loose := write(filepath.Join(root.Handlers(), "loose.toml"), 0o666)
	link := filepath.Join(root.Handlers(), "link.toml")
	if err := os.Symlink(elsewhere, link); err != nil {
		t.Fatal(err)
	}
	pin := func(path string) (string, error) {
		a, err := typeurl.MarshalAnyToProto(&runtimeoptions.Options{ConfigPath: path})
		if err != nil {
			t.Fatal(err)
		}
		return pinnedTenant(root, "acme", a)
	}
	if got, err := pin(good); got != "acme" || err != nil {
		t.Errorf("root's file: got %q, %v", got, err)
	}
	for _, path := range []string{elsewhere, loose, link, root.Handlers() + "/../handlers/acme.toml"} {
		if got, err := pin(path); err == nil {
			t.Errorf("%s: pinned %q, want a refusal", path, got)
		}
	}
}

func TestHandlersBodyCountsOnlyFromTheCRIPlugin(t *testing.T) {
	root := tenant.Root(t.TempDir())
	a, err := typeurl.MarshalAnyToProto(&runtimeoptions.Options{ConfigBody: []byte(`tenant = "acme"`)})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := pinnedTenant(root, tenant.Kubernetes, a); got != "acme" || err != nil {
		t.Errorf("from the CRI plugin: %q, %v", got, err)
	}
	if got, err := pinnedTenant(root, "default", a); err == nil {
		t.Errorf("from another client: %q", got)
	}
}
