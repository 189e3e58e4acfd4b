package cgroup

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/runtime/lock"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Locked runs f while holding the locks of tenants: no other process of the
// installation changes what is theirs meanwhile. A record that names a tenant's
// cgroup is made below its lock, since Release looks for records below it. A
// lock ends with its process.
//
// Everybody takes several in the order of their names, whatever tenant is above
// which: two policies may not agree on that.
func (t *Tree) Locked(names []string, f func() error) error {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	for _, name := range names {
		if err := checkName(name); err != nil {
			return err
		}
	}
	return t.lockAll(names, f)
}

func (t *Tree) lockAll(names []string, f func() error) error {
	if len(names) == 0 {
		return f()
	}
	return lock.Held(filepath.Join(t.root.Tenants(), names[0]+".lock"), func() error { return t.lockAll(names[1:], f) })
}

// Chain names a tenant and those above it: the locks that a container of the
// tenant is made under. While the tenant's cgroup is where an earlier policy had
// it, those above it there are among them.
func (t *Tree) Chain(p *tenant.Policy) ([]string, error) {
	place, err := t.Place(p)
	return append(chain(p), t.Names(place)...), err
}

// LockedNetwork runs f while holding the lock of what the installation has in
// network namespaces. It is taken last.
func (t *Tree) LockedNetwork(f func() error) error {
	return lock.Held(t.root.Path("/run/bulkhead/network.lock"), f)
}

// checkName keeps a name from leading out of its folder or its cgroup, and from
// being the parent's lock.
func checkName(name string) error {
	if name == "" || name[0] == '.' || strings.ContainsAny(name, "/:\x00") {
		return fmt.Errorf("tenant %q is not a name", name)
	}
	return nil
}
