package change

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
)

// Undo puts every path back, the last first, and removes the ledger and the
// folders that are empty then. It returns what it did, a line a path. Called
// again after an error, it goes on where it was.
func (l *Ledger) Undo() ([]string, error) {
	var done []string
	for _, e := range slices.Backward(slices.Clone(l.Entries)) {
		what, err := l.undo(e)
		if err != nil {
			return done, errors.Join(err, l.save())
		}
		done = append(done, what)
	}
	if err := os.RemoveAll(l.dir); err != nil {
		return done, err
	}
	for _, dir := range slices.Backward(l.Folders) {
		err := ignoreNotExist(os.Remove(dir))
		if err != nil && !errors.Is(err, syscall.ENOTEMPTY) {
			return done, err
		}
	}
	l.Folders = nil
	return done, nil
}

// undo puts one path back and forgets it.
func (l *Ledger) undo(e *Entry) (string, error) {
	what, err := l.restore(e)
	if err != nil {
		return "", err
	}
	l.Entries = slices.DeleteFunc(l.Entries, func(o *Entry) bool { return o == e })
	return what + " " + e.Path, nil
}

func (l *Ledger) restore(e *Entry) (string, error) {
	now, err := read(e.Path)
	if errors.Is(err, os.ErrNotExist) {
		return "was gone already:", nil
	}
	if err != nil {
		return "", err
	}
	touched := e.Wrote != fingerprint(now)
	switch {
	case e.Before != nil && e.Before.Link != "":
		return "restored", link(e.Path, e.Before.Link)
	case e.Before == nil && !touched, e.Before == nil && len(e.Edits) == 0 && isLink(e.Path):
		return "removed", os.Remove(e.Path)
	case e.Before == nil && len(e.Edits) == 0:
		return "left, since somebody has changed it:", nil
	}
	data, err := l.originalOf(e, now)
	if err != nil {
		return "", err
	}
	as, err := l.as(e, touched)
	if err != nil {
		return "", err
	}
	if err := write(e.Path, data, as); err != nil {
		return "", fmt.Errorf("restore %s: %w", e.Path, err)
	}
	return "restored", nil
}

// as is who owns a restored file, and how: as it was, or as others have made it.
func (l *Ledger) as(e *Entry, touched bool) (Before, error) {
	if !touched {
		return *e.Before, nil
	}
	info, err := os.Stat(e.Path)
	if err != nil {
		return Before{}, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Before{}, fmt.Errorf("%s has no owner", e.Path)
	}
	return Before{Mode: info.Mode(), UID: int(st.Uid), GID: int(st.Gid)}, nil
}

// read returns a file's content, or a link's target.
func read(path string) ([]byte, error) {
	if target, err := os.Readlink(path); err == nil {
		return []byte(target), nil
	}
	return os.ReadFile(path)
}

func isLink(path string) bool {
	_, err := os.Readlink(path)
	return err == nil
}
