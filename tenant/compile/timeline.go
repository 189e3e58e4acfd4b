package compile

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Version describes a version of the policy in the store.
type Version struct {
	Name       string    `json:"name"`
	Current    bool      `json:"current"`
	Tenants    int       `json:"tenants"`
	Containers int       `json:"containers"` // records that name it
	Applied    time.Time `json:"applied"`    // the last time it came in force
}

// Timeline describes all versions in the store, the last applied first.
func Timeline(root tenant.Root) ([]Version, error) {
	names, err := Versions(root)
	if err != nil {
		return nil, err
	}
	current := ""
	if open, err := tenant.Open(root); err == nil {
		current = open.Version
	} else if !errors.Is(err, tenant.ErrNoPolicy) {
		return nil, err
	}
	entries, err := History(root)
	if err != nil {
		return nil, err
	}
	records, err := record.List(root)
	if err != nil {
		return nil, err
	}
	var all []Version
	for _, name := range names {
		v := Version{Name: name, Current: name == current}
		for _, r := range records {
			if r.Version == name {
				v.Containers++
			}
		}
		for _, e := range entries {
			if e.Version == name {
				v.Applied = e.Time
			}
		}
		tenants, err := os.ReadDir(filepath.Join(root.Policy(), tenant.Format, "versions", name, "tenants"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		v.Tenants = len(tenants)
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b Version) int {
		return cmp.Or(b.Applied.Compare(a.Applied), cmp.Compare(a.Name, b.Name))
	})
	return all, nil
}
