package compile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// keepVersions is how many versions of the history stay in the store.
const keepVersions = 20

// Entry is one line of the history: who put which version in force.
type Entry struct {
	Time    time.Time `json:"time"`
	Version string    `json:"version"`
	Command string    `json:"command"`
	User    string    `json:"user"`
}

// History returns what was put in force on this node, oldest first.
func History(root tenant.Root) ([]Entry, error) {
	data, err := os.ReadFile(historyFile(root))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	var all []Entry
	for line := range bytes.Lines(data) {
		var e Entry
		if json.Unmarshal(line, &e) != nil {
			continue // the half line of a writer that was killed
		}
		all = append(all, e)
	}
	return all, nil
}

func historyFile(root tenant.Root) string {
	return filepath.Join(root.Policy(), tenant.Format, "history.jsonl")
}

// remember appends to the history, after the version is in force: a version
// that never was must not be rolled back to.
func (s *store) remember(version string, e Entry) error {
	e.Version = version
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	f, err := os.OpenFile(historyFile(s.root), os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	line := append(data, '\n')
	if end, err := f.Seek(0, 2); err == nil && end > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, end-1); err == nil && last[0] != '\n' {
			line = append([]byte{'\n'}, line...)
		}
	}
	_, err = f.Write(line)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return nil
}

// Versions returns the names of all versions in the store.
func Versions(root tenant.Root) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(root.Policy(), tenant.Format, "versions"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// prune removes the versions that neither the newest entries of the history
// nor a container's record name. Records that cannot be read keep everything.
func (s *store) prune(current string) error {
	all, err := Versions(s.root)
	if err != nil || len(all) <= keepVersions {
		return err
	}
	records, err := record.List(s.root)
	if err != nil {
		return fmt.Errorf("remove old versions: %w", err)
	}
	keep := []string{current}
	for _, r := range records {
		keep = append(keep, r.Version)
	}
	entries, err := History(s.root)
	if err != nil {
		return err
	}
	for newest, i := map[string]bool{}, len(entries)-1; i >= 0 && len(newest) < keepVersions; i-- {
		newest[entries[i].Version] = true
		keep = append(keep, entries[i].Version)
	}
	for _, v := range all {
		if slices.Contains(keep, v) {
			continue
		}
		if err := s.discard(v); err != nil {
			return fmt.Errorf("remove old version: %w", err)
		}
	}
	return nil
}

// discard takes a version's name first, so that a crash leaves no part of it.
func (s *store) discard(version string) error {
	tmp := s.version(newVersion + version)
	if err := os.Rename(s.version(version), tmp); err != nil {
		return err
	}
	return os.RemoveAll(tmp)
}
