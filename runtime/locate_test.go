package runtime

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// asRoot skips what depends on files being root's.
func asRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: files of root and of others")
	}
}

// grow makes files below a folder: "x/" a folder, "x>y" a link to y, "x|" a
// fifo, anything else a file.
func grow(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		var err error
		link, target, isLink := strings.Cut(name, ">")
		switch at := filepath.Join(dir, strings.TrimSuffix(link, "|")); {
		case isLink:
			err = os.Symlink(target, at)
		case strings.HasSuffix(name, "|"):
			err = syscall.Mkfifo(at, 0o600)
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(at, 0o755)
		default:
			err = os.WriteFile(at, nil, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestFileIsFoundBehindLinksOfTheGrantedPathOnly(t *testing.T) {
	asRoot(t)
	dir := t.TempDir()
	grow(t, dir, "real/sub/", "real/file", "real/fifo|", "real/out>/etc", "real/sub/up>../file",
		"link>real", "absolute>"+dir+"/real", "chain>link", "around>./real/../real", "back>sub/../../real", "loop>loop", "nowhere>gone")
	for _, test := range []struct {
		granted, path string
		real          string // "": an error
		err           error
	}{
		{"real", "real", "real", nil},
		{"real", "real/file", "real/file", nil},
		{"real", "real/fifo", "real/fifo", nil}, // opening it would wait for a writer
		{"real/file", "real/file", "real/file", nil},
		{"link", "link", "real", nil},
		{"link", "link/sub", "real/sub", nil},
		{"absolute", "absolute/file", "real/file", nil},
		{"chain", "chain/file", "real/file", nil},
		{"real/sub/up", "real/sub/up", "real/file", nil},
		{"link/out", "link/out", "/etc", nil},

		{".", "link", "", errLeadsAway},
		{".", "link/file", "", errLeadsAway},
		{"real", "real/out", "", errLeadsAway},
		{"real", "real/out/passwd", "", errLeadsAway},
		{"real", "real/sub/up", "", errLeadsAway},
		{"link", "link/out/passwd", "", errLeadsAway},
		{"around", "around/file", "", errLeadsAway},
		{"back", "back/file", "", errLeadsAway},
		{"loop", "loop", "", unix.ELOOP},
		{"nowhere", "nowhere", "", fs.ErrNotExist},
		{"real", "real/gone", "", fs.ErrNotExist},
		{"real", "real/file/below", "", unix.ENOTDIR},
	} {
		l, err := locate(filepath.Join(dir, test.granted), filepath.Join(dir, test.path))
		if err != nil {
			if test.err == nil || !errors.Is(err, test.err) || !notThere(err) {
				t.Errorf("%s, granted %s: %v, want %v", test.path, test.granted, err, test.err)
			}
			continue
		}
		want := test.real
		if !filepath.IsAbs(want) {
			want = filepath.Join(dir, want)
		}
		if test.err != nil || l.real != want || !l.guarded {
			t.Errorf("%s, granted %s: found %s, guarded %v, want %s, %v", test.path, test.granted, l.real, l.guarded, want, test.err)
		}
		l.close()
	}
}

func TestLinkCountsOnlyIfItIsRootsInAFolderOfRoots(t *testing.T) {
	asRoot(t)
	dir := t.TempDir()
	grow(t, dir, "real/", "real/file", "folder/", "folder/link>../real")
	path := filepath.Join(dir, "folder/link")
	followed := func() bool {
		l, err := locate(path, path+"/file")
		if err == nil {
			l.close()
		}
		return err == nil
	}
	if !followed() {
		t.Fatal("a link of root's is not followed")
	}
	for what, spoil := range map[string]func() error{
		"the link is another user's":         func() error { return os.Lchown(path, 1000, 1000) },
		"its folder is another user's":       func() error { return os.Chown(filepath.Dir(path), 1000, 0) },
		"anybody may write to its folder":    func() error { return os.Chmod(filepath.Dir(path), 0o777) },
		"the folder above is a group's, too": func() error { return os.Chmod(dir, 0o775) },
		"it is another user's in a sticky folder": func() error {
			return errors.Join(os.Lchown(path, 1000, 0), os.Chmod(filepath.Dir(path), 0o777|os.ModeSticky))
		},
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if followed() {
			t.Errorf("%s, and it is followed", what)
		}
		if err := errors.Join(os.Chown(filepath.Dir(path), 0, 0), os.Lchown(path, 0, 0), os.Chmod(filepath.Dir(path), 0o755), os.Chmod(dir, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFileIsGuardedWhereOnlyRootCanExchangeIt(t *testing.T) {
	asRoot(t)
	for _, test := range []struct {
		what           string
		folder, file   os.FileMode
		folders, files int // owners
		want           bool
	}{
		{"root's in root's", 0o755, 0o755, 0, 0, true},
		{"another user's in root's", 0o755, 0o777, 0, 1000, true},
		{"root's in a sticky folder", 0o777 | os.ModeSticky, 0o755, 0, 0, true},
		{"another user's in a sticky folder", 0o777 | os.ModeSticky, 0o755, 0, 1000, false},
		{"root's where all may write", 0o777, 0o755, 0, 0, false},
		{"root's where a group may write", 0o775, 0o755, 0, 0, false},
		{"root's in another user's", 0o755, 0o755, 1000, 0, false},
		{"root's in another user's sticky folder", 0o755 | os.ModeSticky, 0o755, 1000, 0, false},
	} {
		dir := t.TempDir()
		grow(t, dir, "folder/file/")
		folder := filepath.Join(dir, "folder")
		file := filepath.Join(folder, "file")
		if err := errors.Join(os.Chown(folder, test.folders, 0), os.Chmod(folder, test.folder), os.Chown(file, test.files, 0), os.Chmod(file, test.file)); err != nil {
			t.Fatal(err)
		}
		l, err := locate(dir, file)
		if err != nil {
			t.Fatal(err)
		}
		if l.guarded != test.want {
			t.Errorf("%s: guarded %v", test.what, l.guarded)
		}
		l.close()
	}
}

// A container exchanges a folder for a link while the folder is looked for.
func TestExchangedFolderNeverLeadsOut(t *testing.T) {
	asRoot(t)
	dir := t.TempDir()
	grow(t, dir, "granted/sub/", "granted/sub/file", "secret/", "secret/file", "granted/other>"+dir+"/secret")
	secret, err := locate(dir, filepath.Join(dir, "secret/file"))
	if err != nil {
		t.Fatal(err)
	}
	defer secret.close()
	a, b := filepath.Join(dir, "granted/sub"), filepath.Join(dir, "granted/other")
	var done atomic.Bool
	ended := make(chan error, 1)
	go func() {
		var err error
		for !done.Load() && err == nil {
			err = unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
		}
		ended <- err
	}()
	found, followed := 0, 0
	for range 20000 {
		l, err := locate(filepath.Join(dir, "granted"), filepath.Join(a, "file"))
		if err == nil {
			if l.stat.Ino == secret.stat.Ino {
				t.Fatal("the secret was found")
			}
			found++
			l.close()
		} else if !notThere(err) {
			t.Fatal(err)
		}
		var st unix.Stat_t // the control: as anybody opens a path
		if unix.Stat(filepath.Join(a, "file"), &st) == nil && st.Ino == secret.stat.Ino {
			followed++
		}
	}
	done.Store(true)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if found == 0 || followed == 0 {
		t.Errorf("found %d times, and a plain look led to the secret %d times; want some of both", found, followed)
	}
}

func TestKindIsWhatTheFileIs(t *testing.T) {
	l, err := locate("/dev", "/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	if f := fileOf(l); f.Kind != isolator.Char || f.Major != 1 || f.Minor != 3 || f.Real != "/dev/null" {
		t.Errorf("/dev/null is %+v", f)
	}
}
