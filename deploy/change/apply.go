package change

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// Apply makes the files, and undoes what an earlier installation made besides.
// The ledger is written before the first of them is touched, so whatever
// interrupts it, Undo knows.
func (l *Ledger) Apply(files []File) error {
	for _, e := range slices.Clone(l.Entries) {
		if !slices.ContainsFunc(files, func(f File) bool { return f.Path == e.Path }) {
			if _, err := l.undo(e); err != nil {
				return err
			}
		}
	}
	if err := l.folder(l.dir, 0o700); err != nil {
		return err
	}
	for _, f := range files {
		if err := l.folder(filepath.Dir(f.Path), 0o755); err != nil {
			return err
		}
		if err := l.remember(f); err != nil {
			return err
		}
	}
	if err := l.save(); err != nil {
		return err
	}
	for _, f := range files {
		if same(f) {
			continue
		}
		if err := l.put(f); err != nil {
			return fmt.Errorf("write %s: %w", f.Path, err)
		}
	}
	return nil
}

// remember notes what a path is, unless an earlier installation did, and what
// it will be.
func (l *Ledger) remember(f File) error {
	e := l.entry(f.Path)
	if e == nil {
		e = &Entry{Path: f.Path}
		var err error
		if e.Before, err = l.look(f.Path); err != nil {
			return err
		}
		l.Entries = append(l.Entries, e)
	} else if err := l.refresh(e); err != nil {
		return err
	}
	e.Edits, e.Wrote = f.Edits, fingerprint(content(f))
	return nil
}

// look describes what a path is and copies it, nil if it is nothing.
func (l *Ledger) look(path string) (*Before, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, fmt.Errorf("%s has no owner", path)
	}
	b := &Before{Mode: info.Mode(), UID: int(st.Uid), GID: int(st.Gid), ModTime: info.ModTime()}
	if info.Mode()&os.ModeSymlink != 0 {
		b.Link, err = os.Readlink(path)
		return b, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b.Backup = l.fresh(path)
	return b, write(filepath.Join(l.dir, b.Backup), data, own(0o600))
}

// refresh makes of a file that others have changed since a backup of what Undo
// would restore now.
func (l *Ledger) refresh(e *Entry) error {
	now, err := os.ReadFile(e.Path)
	if err != nil || e.Wrote == fingerprint(now) || len(e.Edits) == 0 {
		return ignoreNotExist(err)
	}
	data, err := l.originalOf(e, now)
	if err != nil {
		return err
	}
	as, err := l.as(e, true)
	if err != nil {
		return err
	}
	as.Backup = l.fresh(e.Path)
	e.Before = &as
	return write(l.backup(e), data, own(0o600))
}

// fresh is a name for a backup that no entry has.
func (l *Ledger) fresh(path string) string {
	for n := 0; ; n++ {
		name := strconv.Itoa(n) + "-" + filepath.Base(path)
		if !slices.ContainsFunc(l.Entries, func(e *Entry) bool { return e.Before != nil && e.Before.Backup == name }) {
			return name
		}
	}
}

// put makes one path what it shall be.
func (l *Ledger) put(f File) error {
	b := l.entry(f.Path).Before
	if f.Link != "" {
		return link(f.Path, f.Link)
	}
	as := own(f.Mode)
	if b != nil { // its time is that of the change
		as = Before{Mode: b.Mode, UID: b.UID, GID: b.GID}
	}
	return write(f.Path, f.Data, as)
}

// folder makes a folder and those above it, and remembers them.
func (l *Ledger) folder(path string, mode os.FileMode) error {
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is no folder", path)
		}
		return nil
	}
	if err := l.folder(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(path, mode); err != nil {
		return err
	}
	l.Folders = append(l.Folders, path)
	return nil
}

// same reports whether a path is already what it shall be.
func same(f File) bool {
	target, err := os.Readlink(f.Path)
	if err == nil || f.Link != "" {
		return err == nil && target == f.Link
	}
	now, err := os.ReadFile(f.Path)
	return err == nil && string(now) == string(f.Data)
}

func content(f File) []byte {
	if f.Link != "" {
		return []byte(f.Link)
	}
	return f.Data
}

func fingerprint(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
