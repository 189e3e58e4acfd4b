package containerd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/bulkhead-dev/bulkhead/deploy/change"
)

// TestConfigurations: each file is one configuration: before, and after an
// installation whose flags are the words of the first line. With UPDATE set the
// wanted text is written.
func TestConfigurations(t *testing.T) {
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
			text, edits, err := insertFor(a)
			got := string(text)
			if err != nil {
				got = strings.TrimSuffix(err.Error(), "\n") + "\n"
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
				undone(t, a.Files[0].Data, text, edits)
			}
		})
	}
}

func insertFor(a *txtar.Archive) ([]byte, []change.Edit, error) {
	words := strings.Fields(string(a.Comment))
	h := handler{}
	for _, w := range words {
		switch w {
		case "--default":
			h.byName = true
		case "--runc":
			h.keep = table{"runc": table{"runtime_type": "io.containerd.runc.v2", "options": table{"SystemdCgroup": true}}}
		}
	}
	d, err := parse("config.toml", a.Files[0].Data)
	if err != nil {
		return nil, nil, err
	}
	return h.insert("config.toml", d)
}

// undone wants the file back as it was, byte for byte, and also when somebody
// has put a line before it meanwhile.
func undone(t *testing.T, before, after []byte, edits []change.Edit) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.toml")
	for _, theirs := range []string{"", "# theirs\n"} {
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
			if err := os.WriteFile(path, append([]byte(theirs), after...), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Undo(); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != theirs+string(before) {
			t.Errorf("undone, it is\n%s\nwant\n%s", got, theirs+string(before))
		}
	}
}
