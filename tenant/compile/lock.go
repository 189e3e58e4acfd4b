package compile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// store is the policy store while this process may write it.
type store struct {
	root tenant.Root
	dir  string // of the format: …/policy/v1
	held *os.File
}

// lock waits until no other process writes the store.
func lock(root tenant.Root) (*store, error) {
	s := &store{root: root, dir: filepath.Join(root.Policy(), tenant.Format)}
	if err := makeDirs(filepath.Join(s.dir, "versions")); err != nil {
		return nil, fmt.Errorf("write policy: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(s.dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write policy: %w", err)
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock policy: %w", err)
	}
	s.held = f
	if err := s.sweep(); err != nil {
		s.unlock()
		return nil, fmt.Errorf("write policy: %w", err)
	}
	return s, nil
}

// unlock lets other processes write. Closing ends a flock.
func (s *store) unlock() { s.held.Close() }

// What is not in force yet, or no longer, has names with these beginnings.
const (
	newCurrent = ".current-"
	newVersion = ".new-"
)

// sweep removes what writers that were killed left behind.
func (s *store) sweep() error {
	for dir, prefix := range map[string]string{s.dir: newCurrent, s.version(""): newVersion} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), prefix) {
				continue
			}
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
