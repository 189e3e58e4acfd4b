package cgroup

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Places are where tenants have cgroups, in any hierarchy, each before those
// below it.
func (t *Tree) Places() ([]string, error) {
	found := map[string]bool{}
	if err := t.places(t.base(), found); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(found)), nil
}

func (t *Tree) places(around string, found map[string]bool) error {
	m, err := open(around)
	if err != nil {
		return err
	}
	for _, path := range m.GetPaths() {
		entries, err := os.ReadDir(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			place := childPlace(around, e)
			if place == "" || found[place] {
				continue
			}
			found[place] = true
			if err := t.places(place, found); err != nil {
				return err
			}
		}
	}
	return nil
}

// childPlace is the place of a tenant that an entry of a directory is, empty
// when it is a container's, or a file.
func childPlace(around string, e fs.DirEntry) string {
	switch ext := filepath.Ext(e.Name()); {
	case !e.IsDir():
	case filepath.Ext(around) == sliceSuffix && ext == sliceSuffix:
		return e.Name()
	case filepath.Ext(around) != sliceSuffix && ext == tenantSuffix:
		return around + "/" + e.Name()
	}
	return ""
}
