package compile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// enforce puts a version that is in the store in force, with its exemptions.
// Exemptions come before the swap and go after it, so that a crash in between
// leaves a namespace exempt rather than the node's own pods refused; the next
// apply mends it.
func (s *store) enforce(version string, e Entry) (changed bool, err error) {
	before, err := s.current()
	if err != nil {
		return false, err
	}
	wanted, err := exemptions(filepath.Join(s.version(version), "exempt"))
	if err != nil {
		return false, fmt.Errorf("write exemptions: %w", err)
	}
	if err := s.exempt(wanted); err != nil {
		return false, fmt.Errorf("write exemptions: %w", err)
	}
	if before != version {
		if err := s.swap(version); err != nil {
			return false, fmt.Errorf("write policy: %w", err)
		}
	}
	if err := s.unexempt(wanted); err != nil {
		return true, fmt.Errorf("write exemptions: %w", err)
	}
	if before == version {
		return false, nil
	}
	if err := s.remember(version, e); err != nil {
		return true, err
	}
	return true, s.prune(version)
}

// current is the name of the version in force, empty when there is none.
func (s *store) current() (string, error) {
	open, err := tenant.Open(s.root)
	if errors.Is(err, tenant.ErrNoPolicy) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return open.Version, nil
}

// swap points current at a version, in one step.
func (s *store) swap(version string) error {
	tmp := filepath.Join(s.dir, fmt.Sprint(newCurrent, os.Getpid()))
	if err := os.Symlink(filepath.Join("versions", version), tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(s.dir, "current")); err != nil {
		return err
	}
	return onDir(s.dir, unix.Fsync)
}

// exemptions lists a folder of exemptions as "<kind>/<namespace>".
func exemptions(dir string) (map[string]bool, error) {
	found := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		found[name] = true
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	return found, err
}

func (s *store) exemptDir() string { return filepath.Join(s.root.Policy(), "exempt") }

func (s *store) exempt(wanted map[string]bool) error {
	made := false
	for name := range wanted {
		path := filepath.Join(s.exemptDir(), name)
		if _, err := os.Lstat(path); err == nil {
			continue
		}
		made = true
		if err := makeDirs(filepath.Dir(path)); err != nil {
			return err
		}
		if err := (file{}).create(path); err != nil {
			return err
		}
	}
	if !made {
		return nil
	}
	return onDir(s.exemptDir(), unix.Syncfs)
}

func (s *store) unexempt(wanted map[string]bool) error {
	found, err := exemptions(s.exemptDir())
	if err != nil {
		return err
	}
	for name := range found {
		if !wanted[name] {
			if err := os.Remove(filepath.Join(s.exemptDir(), name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Exemptions lists the namespaces of a kind that are exempt on this node.
func Exemptions(root tenant.Root, kind tenant.Kind) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(root.Policy(), "exempt", string(kind)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}
