package compile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// TestCDIFilesAreGranted: each fixture is a policy, the node's CDI files below
// etc/cdi and var/run/cdi, and what the tenants are granted of them.
func TestCDIFilesAreGranted(t *testing.T) {
	paths, err := filepath.Glob("testdata/cdi/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%v, %v", paths, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			root := cdiNode(t, a)
			want, got := section(a, "want"), granted(t, root, section(a, "policy.yaml"))
			if *update {
				a.Files = append(a.Files[:len(a.Files)-1], txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want - got +:\n%s", diff)
			}
		})
	}
}

func section(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// cdiNode writes the CDI files of an archive below a root.
func cdiNode(t *testing.T, a *txtar.Archive) tenant.Root {
	root := tenant.Root(t.TempDir())
	for _, f := range a.Files {
		if !strings.Contains(f.Name, "/cdi/") {
			continue
		}
		path := root.Path("/" + f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// granted is what each tenant gets, a line a device, and the warnings.
func granted(t *testing.T, root tenant.Root, policy string) string {
	objects, err := Read("policy.yaml", []byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Compile(objects)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) > 0 {
		t.Errorf("without a node there are warnings: %v", c.Warnings)
	}
	c.GrantCDI(objects, CDIFolders(root))
	var b strings.Builder
	for _, o := range objects {
		for _, d := range c.Tenants[o.Name()].Security.Exceptions.CDIDevices {
			line, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString(o.Name() + ": " + string(line) + "\n")
		}
	}
	b.WriteString(c.Warnings.String())
	return strings.ReplaceAll(b.String(), string(root), "")
}

const oneDevice = `-- etc/cdi/example.yaml --
cdiVersion: "0.6.0"
kind: example.com/device
devices: [{name: "0", containerEdits: {deviceNodes: [{path: /dev/null}]}}]
`

const grantsIt = `apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: acme}
spec: {security: {exceptions: {cdiDevices: ["example.com/device=*"]}}}
`

// Who writes a CDI file chooses programs that run as root.
func TestCDIFilesOfOthersGrantNothing(t *testing.T) {
	for name, c := range map[string]struct {
		path  string
		spoil func(path string) error
		says  string
	}{
		"nobody":            {"", nil, ""},
		"a writable file":   {"/etc/cdi/example.yaml", chmod(0o666), "others than root may write to /etc/cdi/example.yaml"},
		"a group's":         {"/etc/cdi/example.yaml", chmod(0o664), "others than root may write to"},
		"a writable folder": {"/etc/cdi", chmod(0o777), "others than root may write to /etc/cdi"},
		"one above it":      {"/etc", chmod(0o777), "others than root may write to /etc"},
		"another's":         {"/etc/cdi/example.yaml", chown, "is not root's own"},
		"another's folder":  {"/etc/cdi", chown, "is not root's own"},
	} {
		t.Run(name, func(t *testing.T) {
			root := cdiNode(t, txtar.Parse([]byte(oneDevice)))
			if c.spoil != nil {
				if err := c.spoil(root.Path(c.path)); os.IsPermission(err) {
					t.Skip("needs root")
				} else if err != nil {
					t.Fatal(err)
				}
			}
			got := granted(t, root, grantsIt)
			if control := c.spoil == nil; strings.HasPrefix(got, "acme: ") != control || !strings.Contains(got, c.says) {
				t.Errorf("got %q, want %q", got, c.says)
			}
		})
	}
}

func chmod(mode os.FileMode) func(string) error {
	return func(path string) error { return os.Chmod(path, mode) }
}

func chown(path string) error { return os.Chown(path, 12345, -1) }

// A link of root's leads to a file that somebody else may write.
func TestCDIFilesBehindALink(t *testing.T) {
	root := cdiNode(t, txtar.Parse([]byte(oneDevice)))
	file, elsewhere := root.Path("/etc/cdi/example.yaml"), root.Path("/elsewhere.yaml")
	if err := os.Rename(file, elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, file); err != nil {
		t.Fatal(err)
	}
	if got := granted(t, root, grantsIt); !strings.HasPrefix(got, "acme: ") {
		t.Errorf("root's own grants %q", got)
	}
	if err := os.Chmod(elsewhere, 0o666); err != nil {
		t.Fatal(err)
	}
	if got := granted(t, root, grantsIt); !strings.Contains(got, "others than root may write to /elsewhere.yaml") {
		t.Errorf("got %q", got)
	}
}
