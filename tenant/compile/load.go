package compile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Load returns the objects in force, as they were applied; none when nothing
// was applied yet.
func Load(root tenant.Root) ([]*Object, error) {
	s, err := tenant.Open(root)
	if errors.Is(err, tenant.ErrNoPolicy) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return LoadVersion(s)
}

// LoadVersion returns the objects of one version, in the order of their names.
func LoadVersion(s *tenant.Store) ([]*Object, error) {
	var objects []*Object
	for _, kind := range []string{"nodepolicy", "tenant"} {
		dir := filepath.Join(s.Dir(), "objects", kind)
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read policy: %w", err)
		}
		for _, e := range entries {
			data, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				return nil, fmt.Errorf("read policy: %w", err)
			}
			found, err := Read(kind+"/"+strings.TrimSuffix(e.Name(), ".yaml"), data)
			if err != nil {
				return nil, err
			}
			objects = append(objects, found...)
		}
	}
	return objects, nil
}
