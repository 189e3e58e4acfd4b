package change

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff shows what Apply would change, as a unified diff; a program, a link and
// a path that goes are a line each. It is empty if there is nothing to do.
func (l *Ledger) Diff(files []File) ([]byte, error) {
	var out bytes.Buffer
	for _, f := range files {
		if same(f) {
			continue
		}
		old, err := read(f.Path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		name := f.Path
		if err != nil {
			name = "/dev/null"
		}
		switch {
		case f.Link != "":
			fmt.Fprintf(&out, "link %s -> %s\n", f.Path, f.Link)
		case f.From != "" || !utf8.Valid(f.Data):
			fmt.Fprintf(&out, "copy %s -> %s (%.1f MB)\n", f.From, f.Path, float64(len(f.Data))/1e6)
		default:
			out.Write(diff.Diff(name, old, f.Path, f.Data))
		}
	}
	for _, e := range l.Entries {
		if !slices.ContainsFunc(files, func(f File) bool { return f.Path == e.Path }) {
			fmt.Fprintf(&out, "restore %s\n", e.Path)
		}
	}
	return out.Bytes(), nil
}
