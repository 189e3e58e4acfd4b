package runtime

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// readable returns all records, or says that only root may read them.
func (rt *Runtime) readable() ([]*record.Record, error) {
	if _, err := os.ReadDir(rt.root.Containers()); errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("only root may read which containers run; run it as root: %w", err)
	}
	return record.List(rt.root)
}

// byTenant gives each tenant the records of its containers and of those below.
func byTenant(records []*record.Record) map[string][]*record.Record {
	of := map[string][]*record.Record{}
	for _, r := range records {
		if r.Exempt || r.Tenant == "" {
			continue
		}
		for _, name := range append(slices.Clone(r.Ancestors), r.Tenant) {
			of[name] = append(of[name], r)
		}
	}
	return of
}

// ownPlace is where a tenant's own cgroup is, or would be.
func (rt *Runtime) ownPlace(name string, ancestors []string) (string, error) {
	return rt.tree.Place(&tenant.Policy{Name: name, Ancestors: ancestors})
}

// outside gives the cgroups of containers that are in no tenant's, and are
// theirs alone. In Audit one is where its engine's client put it, which may be
// anywhere.
func outside(records []*record.Record) (map[*record.Record]string, error) {
	var places []string
	for _, r := range records {
		if !r.Exempt && r.Cgroup != "" {
			places = append(places, r.Cgroup)
		}
	}
	alone, err := cgroup.Alone(places)
	if err != nil {
		return nil, fmt.Errorf("find the cgroups of containers: %w", err)
	}
	out := map[*record.Record]string{}
	for _, r := range records {
		if r.TenantCgroup == "" && alone[r.Cgroup] {
			out[r] = r.Cgroup
		}
	}
	return out, nil
}

// partsOf are the cgroups that are all of a tenant, none below another: its own,
// those of tenants below it that an earlier policy made elsewhere, and those of
// its containers that are in no tenant's.
func partsOf(own string, records []*record.Record, outside map[*record.Record]string) []string {
	parts := []string{own}
	for _, r := range records {
		place := cmp.Or(r.TenantCgroup, outside[r])
		if place == "" || slices.ContainsFunc(parts, func(outer string) bool { return cgroup.Holds(outer, place) }) {
			continue
		}
		parts = slices.DeleteFunc(parts, func(inner string) bool { return inner != own && cgroup.Holds(place, inner) })
		parts = append(parts, place)
	}
	return parts
}
