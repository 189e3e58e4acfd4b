package docker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/bulkhead-dev/bulkhead/deploy/change"
)

// TestDaemons: each file is one daemon.json, before and after an installation
// whose flags are the words of the first line. With UPDATE set the wanted text
// is written.
func TestDaemons(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatal("found no case", err)
	}
	for _, name := range cases {
		t.Run(filepath.Base(name), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			before := a.Files[0].Data
			after, edits, err := editFor(a)
			got := string(after)
			if err != nil {
				got = err.Error() + "\n"
			}
			if os.Getenv("UPDATE") != "" {
				a.Files[1].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(a.Files[1].Data); got != want {
				t.Fatalf("got\n%s\nwant\n%s", got, want)
			}
			if err == nil {
				undone(t, before, after, edits)
			}
		})
	}
}

func editFor(a *txtar.Archive) ([]byte, []change.Edit, error) {
	names, byDefault := []string{Runtime}, ""
	runtimes := map[string]runtime{Runtime: {RuntimeType: "/usr/local/bin/containerd-shim-bulkhead-v2"}}
	for _, w := range strings.Fields(string(a.Comment)) {
		switch w {
		case "--default":
			byDefault = Runtime
		case "acme":
			names = append(names, w)
			runtimes[w] = runtime{runtimes[Runtime].RuntimeType, &options{"runtimeoptions.v1.Options", "/etc/bulkhead/handlers/acme.toml"}}
		}
	}
	return edit(a.Files[0].Data, names, runtimes, byDefault)
}

// undone wants the file back as it was, also when somebody has put a line after
// it meanwhile.
func undone(t *testing.T, before, after []byte, edits []change.Edit) {
	dir := t.TempDir()
	path := filepath.Join(dir, "daemon.json")
	for _, theirs := range []string{"", "\n"} {
		l, err := change.Open(filepath.Join(dir, "ledger"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, before, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := l.Apply([]change.File{{Path: path, Data: after, Mode: 0o644, Edits: edits}}); err != nil {
			t.Fatal(err)
		}
		if theirs != "" {
			if err := os.WriteFile(path, append(after, theirs...), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Undo(); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != string(before)+theirs {
			t.Errorf("undone, it is\n%s\nwant\n%s", got, string(before)+theirs)
		}
	}
}
