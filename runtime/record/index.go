package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Kind says whether a container is bounded by its tenant's cgroup, or is in a
// pod's.
type Kind string

const (
	Own Kind = "containers"
	Pod Kind = "pods"
)

// Kind is that of the container.
func (r *Record) Kind() Kind {
	if r.Engine == string(isolator.CRI) {
		return Pod
	}
	return Own
}

// indexDir has a link to each record of a tenant of one kind: reading all records
// of a node for each start would take longer than everything else.
func indexDir(root tenant.Root, name string, k Kind) string {
	return filepath.Join(root.Tenants(), name+"."+string(k))
}

func (r *Record) indexName() string { return r.Scope + ":" + r.ID + ".json" }

func index(root tenant.Root, r *Record, path string) error {
	if r.Tenant == "" { // exempt
		return nil
	}
	dir := indexDir(root, r.Tenant, r.Kind())
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return fmt.Errorf("record container: %w", err)
	}
	for {
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("record container: %w", err)
		}
		err := os.Symlink(path, filepath.Join(dir, r.indexName()))
		if err == nil || errors.Is(err, fs.ErrExist) {
			return nil
		}
		if !errors.Is(err, fs.ErrNotExist) { // else it went with the last record meanwhile
			return fmt.Errorf("record container: %w", err)
		}
	}
}

// unindex leaves what it cannot remove: a link that leads nowhere is not counted.
func unindex(root tenant.Root, r *Record) {
	if r.Tenant == "" {
		return
	}
	dir := indexDir(root, r.Tenant, r.Kind())
	_ = os.Remove(filepath.Join(dir, r.indexName()))
	_ = os.Remove(dir) // with the last
}

// OfTenant calls f for each of a tenant's own records of a kind, those of tenants
// below it left out, until f says that it is enough.
func OfTenant(root tenant.Root, name string, k Kind, f func(*Record) (enough bool)) error {
	dir := indexDir(root, name, k)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	for _, e := range entries {
		if r, err := read(filepath.Join(dir, e.Name())); err == nil && f(r) {
			return nil
		}
	}
	return nil
}
