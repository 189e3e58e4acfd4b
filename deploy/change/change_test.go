package change

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tree describes every path below a folder: mode, owner, time and content.
func tree(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		st := info.Sys().(*syscall.Stat_t)
		fmt.Fprintf(&b, "%s %v %d:%d", path, info.Mode(), st.Uid, st.Gid)
		if !info.IsDir() {
			data, err := read(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %q", data)
		}
		if info.Mode().IsRegular() {
			fmt.Fprintf(&b, " %v", info.ModTime().UTC())
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// place is a folder with a configuration as an operator keeps it, and what an
// installation makes of it.
func place(t *testing.T) (dir string, files []File) {
	dir = t.TempDir()
	config, link := filepath.Join(dir, "config"), filepath.Join(dir, "shim")
	must(t, os.WriteFile(config, []byte("a = 1\n"), 0o600))
	must(t, os.Chmod(config, 0o640))
	if os.Geteuid() == 0 {
		must(t, os.Chown(config, 12, 34))
	}
	must(t, os.Chtimes(config, time.Unix(1e9, 0), time.Unix(1e9, 0)))
	must(t, os.Symlink("/elsewhere", link))
	return dir, []File{
		{Path: filepath.Join(dir, "new/below/program"), Data: []byte("\xff"), Mode: 0o755, From: "/built/program"},
		{Path: link, Link: "/ours"},
		{Path: config, Data: []byte("a = 1\nours = 2\n"), Mode: 0o644, Edits: []Edit{{New: "ours = 2\n"}}},
	}
}

func open(t *testing.T, dir string) *Ledger {
	t.Helper()
	l, err := Open(filepath.Join(dir, "var/lib/ledger"))
	must(t, err)
	return l
}

func TestUndoLeavesTheTreeAsItWas(t *testing.T) {
	dir, files := place(t)
	before := tree(t, dir)
	must(t, open(t, dir).Apply(files))
	if text, err := open(t, dir).Diff(files); err != nil || len(text) > 0 {
		t.Errorf("after Apply the difference is %s %v, want none", text, err)
	}
	info, err := os.Stat(files[2].Path)
	must(t, err)
	if info.Mode().Perm() != 0o640 {
		t.Errorf("the file's mode became %v, want its own", info.Mode())
	}
	if got := tree(t, dir); got == before {
		t.Error("Apply changed nothing")
	}
	_, err = open(t, dir).Undo()
	must(t, err)
	if got := tree(t, dir); got != before {
		t.Errorf("after Undo:\n%s\nwant\n%s", got, before)
	}
}

func TestApplyingTwiceKeepsTheFirstBackup(t *testing.T) {
	dir, files := place(t)
	before := tree(t, dir)
	must(t, open(t, dir).Apply(files))
	must(t, open(t, dir).Apply(files[1:]))
	if _, err := os.Stat(files[0].Path); err == nil {
		t.Error("what the second installation does not want is still there")
	}
	_, err := open(t, dir).Undo()
	must(t, err)
	if got := tree(t, dir); got != before {
		t.Errorf("after Undo:\n%s\nwant\n%s", got, before)
	}
}

func TestWhatOthersChangedSinceStays(t *testing.T) {
	dir, files := place(t)
	must(t, open(t, dir).Apply(files))
	config := files[2].Path
	must(t, os.WriteFile(config, []byte("a = 1\nours = 2\ntheirs = 3\n"), 0o640))
	original, err := open(t, dir).Original(config)
	if err != nil || string(original) != "a = 1\ntheirs = 3\n" {
		t.Errorf("the original is %q (%v), want it without what was installed", original, err)
	}
	_, err = open(t, dir).Undo()
	must(t, err)
	if got, _ := os.ReadFile(config); string(got) != "a = 1\ntheirs = 3\n" {
		t.Errorf("after Undo the file is %q", got)
	}
}

func TestUndoRefusesWhatItCannotFind(t *testing.T) {
	dir, files := place(t)
	must(t, open(t, dir).Apply(files))
	must(t, os.WriteFile(files[2].Path, []byte("a = 1\nours = 4\n"), 0o640))
	_, err := open(t, dir).Undo()
	if err == nil || !strings.Contains(err.Error(), "ours = 2") {
		t.Errorf("Undo says %v, want what it looked for", err)
	}
	if open(t, dir).Empty() {
		t.Error("the ledger is forgotten")
	}
}

// A file of ours that others extended, and that was installed again.
func TestAnExtendedNewFileKeepsTheExtension(t *testing.T) {
	dir := t.TempDir()
	f := File{Path: filepath.Join(dir, "config"), Data: []byte("ours\n"), Mode: 0o644, Edits: []Edit{{New: "ours\n"}}}
	must(t, open(t, dir).Apply([]File{f}))
	must(t, os.WriteFile(f.Path, []byte("ours\ntheirs\n"), 0o644))
	f.Data, f.Edits = []byte("theirs\nnew\n"), []Edit{{New: "new\n"}}
	must(t, open(t, dir).Apply([]File{f}))
	_, err := open(t, dir).Undo()
	must(t, err)
	if got, _ := os.ReadFile(f.Path); string(got) != "theirs\n" {
		t.Errorf("after Undo the file is %q, want what others wrote", got)
	}
}
