package runtime

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// lineOf are the policies of a container's tenant and of those above it, the
// outermost first. A tenant that the policy no longer has keeps the limits that it
// had at Create.
func (rt *Runtime) lineOf(st policies, r *record.Record) (line []*tenant.Policy, err error) {
	p, err := st.Tenant(r.Tenant)
	if errors.Is(err, fs.ErrNotExist) {
		had, unread := tenant.OpenVersion(rt.root, r.Version)
		if unread != nil {
			return nil, unread
		}
		st = had
		p, err = st.Tenant(r.Tenant)
	}
	if err != nil {
		return nil, fmt.Errorf("tenant %s: %w", r.Tenant, err)
	}
	for _, name := range append(slices.Clone(p.Ancestors), p.Name) {
		a, err := st.Tenant(name)
		if err != nil {
			return nil, fmt.Errorf("tenant %s: %w", name, err)
		}
		line = append(line, a)
	}
	return line, nil
}

// ofTenant calls f for each of a tenant's own records until it is enough.
func (rt *Runtime) ofTenant(name string, f func(*record.Record) (enough bool)) error {
	enough := false
	var errs []error
	for _, k := range []record.Kind{record.Own, record.Pod} {
		errs = append(errs, record.OfTenant(rt.root, name, k, func(r *record.Record) bool {
			enough = enough || f(r)
			return enough
		}))
	}
	return errors.Join(errs...)
}
