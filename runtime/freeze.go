package runtime

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// ErrNoTenant says that neither the policy nor a record names this tenant.
var ErrNoTenant = errors.New("no such tenant")

// A Whole is a tenant with all tenants below it, as it runs now: what an
// operator stops and lets go on at once.
type Whole struct {
	Tenant string
	// Containers counts those that live, without the sandboxes of pods.
	Containers int
	// Beyond are those of them that cannot be reached: their cgroup is not theirs
	// alone, as Audit permits.
	Beyond []string

	above   []string // places of the tenants above it
	parts   []string // its cgroup, and those of it that are elsewhere
	tenants []string // below its parts, which may be frozen by themselves
	paused  []string // containers' below its parts, the same
}

// Whole finds all that runs of a tenant. Its error is ErrNoTenant when there is
// no tenant of this name.
func (rt *Runtime) Whole(name string) (*Whole, error) {
	records, err := rt.readable()
	if err != nil {
		return nil, err
	}
	of := byTenant(records)[name]
	ancestors, err := rt.ancestors(name, of)
	if err != nil {
		return nil, err
	}
	pods, err := outside(records)
	if err != nil {
		return nil, err
	}
	own, err := rt.ownPlace(name, ancestors)
	if err != nil {
		return nil, err
	}
	w := &Whole{Tenant: name, parts: partsOf(own, of, pods)}
	for i, up := range ancestors {
		place, err := rt.ownPlace(up, ancestors[:i])
		if err != nil {
			return nil, err
		}
		w.above = append(w.above, place)
	}
	for _, r := range of {
		counts := r.Alive() && !r.IsSandbox
		if counts {
			w.Containers++
		}
		switch {
		case r.TenantCgroup != "":
			w.paused = append(w.paused, r.Cgroup)
		case counts && pods[r] == "":
			w.Beyond = append(w.Beyond, r.ID)
		}
	}
	places, err := rt.tree.Places()
	for _, place := range places {
		if slices.ContainsFunc(w.parts, func(outer string) bool { return outer != place && cgroup.Holds(outer, place) }) {
			w.tenants = append(w.tenants, place)
		}
	}
	return w, err
}

// ancestors are those of a tenant of the policy, or of one that only runs.
func (rt *Runtime) ancestors(name string, records []*record.Record) ([]string, error) {
	st, err := tenant.Open(rt.root)
	if err == nil {
		var p *tenant.Policy
		if p, err = st.Tenant(name); err == nil {
			return p.Ancestors, nil
		}
	}
	if !errors.Is(err, tenant.ErrNoPolicy) && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, r := range records {
		if r.Tenant == name {
			return r.Ancestors, nil
		}
		if i := slices.Index(r.Ancestors, name); i >= 0 {
			return r.Ancestors[:i], nil
		}
	}
	return nil, ErrNoTenant
}

// Freeze stops every process of the tenant. All of it is tried; the error names
// what could not be.
func (w *Whole) Freeze() error { return each(w.parts, cgroup.Freeze) }

// Thaw lets every process of the tenant go on, also what was frozen by the name
// of a tenant below it. A container in its cgroup that its engine paused stays
// so.
func (w *Whole) Thaw() error {
	return errors.Join(each(w.parts, cgroup.Thaw), each(w.tenants, cgroup.Thaw))
}

// Kill kills every process of the tenant. On cgroup v1 a frozen one ends only
// when it is thawed, so all are.
func (w *Whole) Kill() error {
	return errors.Join(each(w.parts, cgroup.Kill), w.Thaw(), each(w.paused, cgroup.Thaw))
}

// FrozenAbove names the tenant above this one that keeps it frozen, "" if none.
func (w *Whole) FrozenAbove() (string, error) {
	for _, place := range w.above {
		frozen, err := cgroup.Frozen(place)
		if frozen || err != nil {
			return cgroup.TenantAt(place), err
		}
	}
	return "", nil
}

// each tries all. A cgroup that goes meanwhile, with its last container, is
// success.
func each(places []string, do func(place string) error) error {
	var errs []error
	for _, place := range places {
		if err := do(place); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENODEV) {
			errs = append(errs, fmt.Errorf("cgroup %s: %w", place, err))
		}
	}
	return errors.Join(errs...)
}
