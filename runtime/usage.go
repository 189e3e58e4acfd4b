package runtime

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Usage is what a tenant and all tenants below it use.
type Usage struct {
	Tenant    string
	Ancestors []string       // the outermost first
	Policy    *tenant.Policy // nil: it was deleted, and still runs
	Account   Account
	// Figures are those of the tenant's cgroup, of its containers outside it and of
	// their networks, each once. A figure that the kernel does not have is absent; all are while
	// nothing of the tenant runs.
	Figures map[cgroup.Figure]float64
}

// Meter reads the use of all tenants again and again. Its counts never fall: a
// cgroup that goes takes its own with it, but not from what was seen of it.
type Meter struct {
	rt      *Runtime
	version string // of the policies
	known   []*tenant.Policy
	places  map[string]cgroup.Stats              // as last seen
	counted map[string]map[cgroup.Figure]float64 // by tenant
}

// NewMeter returns a meter that has seen nothing yet.
func NewMeter(rt *Runtime) *Meter {
	return &Meter{rt: rt, counted: map[string]map[cgroup.Figure]float64{}}
}

// Read reads the use of every tenant of the policy, and of those that only run.
// Each cgroup and each record is read once. The error names cgroups that could
// not be read; what could be is there all the same.
func (m *Meter) Read() ([]*Usage, time.Time, error) {
	records, err := m.rt.readable()
	if err != nil {
		return nil, time.Time{}, err
	}
	if err := m.refresh(); err != nil {
		return nil, time.Time{}, err
	}
	pods, err := outside(records)
	if err != nil {
		return nil, time.Time{}, err
	}
	all, of := withRunning(m.known, records), byTenant(records)
	var errs []error
	places := map[string][]string{}                       // by tenant
	networks := map[string]func() (cgroup.Stats, error){} // by place
	dropped, err := m.rt.dropped(records)
	errs = append(errs, err)
	for _, u := range all {
		own, err := m.rt.ownPlace(u.Tenant, u.Ancestors)
		if err != nil {
			return nil, time.Time{}, err
		}
		places[u.Tenant] = partsOf(own, of[u.Tenant], pods)
		for place, pid := range connections(of[u.Tenant]) {
			places[u.Tenant] = append(places[u.Tenant], place)
			networks[place] = func() (cgroup.Stats, error) { return traffic(pid) }
		}
		for _, r := range of[u.Tenant] {
			if r.Network != nil {
				place := m.rt.wallsPlace(r)
				places[u.Tenant] = append(places[u.Tenant], place)
				networks[place] = func() (cgroup.Stats, error) { return dropped[place], nil }
			}
		}
		u.Account = AccountOf(of[u.Tenant], u.Tenant)
	}
	now := time.Now()
	seen, grown, err := m.look(places, networks)
	errs = append(errs, err)
	for _, u := range all {
		u.Figures = m.sum(u.Tenant, places[u.Tenant], seen, grown)
	}
	m.places = seen
	maps.DeleteFunc(m.counted, func(name string, _ map[cgroup.Figure]float64) bool { return places[name] == nil })
	return all, now, errors.Join(errs...)
}

// refresh reads the policies again when another version is in force.
func (m *Meter) refresh() error {
	st, err := tenant.Open(m.rt.root)
	if errors.Is(err, tenant.ErrNoPolicy) {
		m.version, m.known = "", nil
		return nil
	}
	if err != nil || st.Version == m.version {
		return err
	}
	known, err := policiesOf(st)
	if err != nil {
		return err
	}
	m.version, m.known = st.Version, known
	return nil
}

// look reads each place once, a cgroup's or a network's, and says by how much
// its counts grew.
func (m *Meter) look(places map[string][]string, networks map[string]func() (cgroup.Stats, error)) (seen map[string]cgroup.Stats, grown map[string]map[cgroup.Figure]float64, err error) {
	var errs []error
	seen, grown = map[string]cgroup.Stats{}, map[string]map[cgroup.Figure]float64{}
	// In the same order each time, so that what one reading takes does not show in
	// the rates between two.
	all := slices.Concat(slices.Collect(maps.Values(places))...)
	slices.Sort(all)
	reading := cgroup.NewReading()
	for _, place := range slices.Compact(all) {
		read := reading.Stats
		if network := networks[place]; network != nil {
			read = func(string) (cgroup.Stats, error) { return network() }
		}
		stats, err := read(place)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			continue
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("read %s: %w", place, err))
		}
		seen[place], grown[place] = stats, growth(m.places[place], stats)
	}
	return seen, grown, errors.Join(errs...)
}

// growth is what was counted since, all of it in a cgroup that is new. What fell
// was counted by cgroups below that are gone.
func growth(before, now cgroup.Stats) map[cgroup.Figure]float64 {
	grown := map[cgroup.Figure]float64{}
	for f, n := range now.Figures {
		if !f.Counts() {
			continue
		}
		if before.ID == now.ID {
			was, seen := before.Figures[f]
			if !seen {
				was = n // it could not be read before
			}
			n -= was
		}
		grown[f] = max(n, 0)
	}
	return grown
}

// sum adds up the figures of a tenant's places.
func (m *Meter) sum(name string, places []string, seen map[string]cgroup.Stats, grown map[string]map[cgroup.Figure]float64) map[cgroup.Figure]float64 {
	total := m.counted[name]
	if total == nil {
		total = map[cgroup.Figure]float64{}
		m.counted[name] = total
	}
	figures, more := map[cgroup.Figure]float64{}, map[cgroup.Figure]float64{}
	for _, place := range places {
		for f, n := range seen[place].Figures {
			if f.Counts() {
				more[f] = f.Together(more[f], grown[place][f])
			} else {
				figures[f] = f.Together(figures[f], n)
			}
		}
	}
	for f, n := range more {
		total[f] += n
		figures[f] = total[f]
	}
	return figures
}

// policiesOf returns all tenants of a version.
func policiesOf(st *tenant.Store) ([]*tenant.Policy, error) {
	names, err := st.Names()
	if err != nil {
		return nil, err
	}
	var all []*tenant.Policy
	for _, name := range names {
		p, err := st.Tenant(name)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// withRunning lists the tenants of the policy, and those that only records
// name, each below its parent.
func withRunning(known []*tenant.Policy, records []*record.Record) []*Usage {
	var all []*Usage
	listed := map[string]bool{}
	for _, p := range known {
		listed[p.Name] = true
		all = append(all, &Usage{Tenant: p.Name, Ancestors: p.Ancestors, Policy: p})
	}
	for _, r := range records {
		if !r.Exempt && r.Tenant != "" && !listed[r.Tenant] {
			listed[r.Tenant] = true
			all = append(all, &Usage{Tenant: r.Tenant, Ancestors: r.Ancestors})
		}
	}
	slices.SortFunc(all, func(a, b *Usage) int {
		return cmp.Or(slices.Compare(a.path(), b.path()), cmp.Compare(a.Tenant, b.Tenant))
	})
	return all
}

func (u *Usage) path() []string { return append(slices.Clone(u.Ancestors), u.Tenant) }
