package change

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A Ledger is the folder that remembers one installation: what was made, and
// copies of what was there before.
type Ledger struct {
	dir string
	// Notes are the installer's own.
	Notes map[string]string `json:"notes,omitempty"`
	// Entries are the paths that were made, in their order.
	Entries []*Entry `json:"entries"`
	// Folders that were made for them, the outermost first.
	Folders []string `json:"folders,omitempty"`
}

// An Entry is one path, as it was and as it was made.
type Entry struct {
	Path   string  `json:"path"`
	Before *Before `json:"before,omitempty"` // nil: nothing was there
	Wrote  string  `json:"wrote"`            // fingerprint of what was made
	Edits  []Edit  `json:"edits,omitempty"`
}

// Before is what a path was.
type Before struct {
	Backup  string      `json:"backup,omitempty"` // file of the ledger with its content
	Link    string      `json:"link,omitempty"`
	Mode    fs.FileMode `json:"mode"`
	UID     int         `json:"uid"`
	GID     int         `json:"gid"`
	ModTime time.Time   `json:"modTime"`
}

// Open reads the ledger in a folder. It is empty if there is none.
func Open(dir string) (*Ledger, error) {
	l := &Ledger{dir: dir}
	data, err := os.ReadFile(l.file())
	if errors.Is(err, os.ErrNotExist) {
		return l, nil
	}
	if err == nil {
		err = json.Unmarshal(data, l)
	}
	if err != nil {
		return nil, fmt.Errorf("read what was installed: %w", err)
	}
	return l, nil
}

// Empty reports that nothing is installed.
func (l *Ledger) Empty() bool { return len(l.Entries) == 0 }

func (l *Ledger) file() string { return filepath.Join(l.dir, "installed.json") }

// entry is the one of a path, nil if it has none.
func (l *Ledger) entry(path string) *Entry {
	for _, e := range l.Entries {
		if e.Path == path {
			return e
		}
	}
	return nil
}

// Owns reports whether the installation made a path.
func (l *Ledger) Owns(path string) bool { return l.entry(path) != nil }

// Installed are the paths as they are made now, for another Apply, and the
// installer's notes.
func (l *Ledger) Installed() (files []File, notes map[string]string, err error) {
	for _, e := range l.Entries {
		info, err := os.Lstat(e.Path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		data, err := read(e.Path)
		if err != nil {
			return nil, nil, err
		}
		f := File{Path: e.Path, Mode: info.Mode().Perm(), Edits: e.Edits}
		if isLink(e.Path) {
			f.Link = string(data)
		} else {
			f.Data = data
		}
		files = append(files, f)
	}
	return files, l.Notes, nil
}

// Original is what a file was before the installation, with what others have
// changed since. Its error is fs.ErrNotExist if there was none.
func (l *Ledger) Original(path string) ([]byte, error) {
	now, err := os.ReadFile(path)
	e := l.entry(path)
	if e == nil || err != nil {
		return now, err
	}
	return l.originalOf(e, now)
}

func (l *Ledger) originalOf(e *Entry, now []byte) ([]byte, error) {
	switch {
	case e.Wrote != fingerprint(now) && len(e.Edits) == 0 && e.Before != nil:
		return nil, fmt.Errorf("%s was changed since it was installed; put it back by hand: its backup is %s", e.Path, l.backup(e))
	case e.Wrote != fingerprint(now) && len(e.Edits) > 0:
		data, err := revert(now, e.Edits)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Path, err)
		}
		return data, nil
	case e.Before == nil:
		return nil, &fs.PathError{Op: "read", Path: e.Path, Err: fs.ErrNotExist}
	}
	return os.ReadFile(l.backup(e))
}

func (l *Ledger) backup(e *Entry) string { return filepath.Join(l.dir, e.Before.Backup) }

// save writes the ledger, whole or not at all.
func (l *Ledger) save() error {
	data, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return write(l.file(), append(data, '\n'), own(0o600))
}
