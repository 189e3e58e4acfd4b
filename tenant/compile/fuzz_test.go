package compile

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzRead: whatever a file holds, it is read or refused with a line of it.
func FuzzRead(f *testing.F) {
	paths, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatal(paths, err)
	}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			f.Add(file.Data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		objects, err := Read("fuzz.yaml", data)
		var mistakes Errors
		if err != nil && !errors.As(err, &mistakes) {
			t.Fatal(err)
		}
		for _, m := range mistakes {
			if m.Line < 1 || m.What == "" {
				t.Errorf("%+v", m)
			}
		}
		for _, o := range objects {
			again, err := Read("again.yaml", []byte(o.Text))
			if err != nil || len(again) != 1 || again[0].Text != o.Text {
				t.Errorf("what is stored of %q is not read again: %v", o.Text, err)
			}
		}
	})
}
