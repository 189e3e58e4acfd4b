package runtime

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Finding is something of a tenant, or of one of its containers, that is not as
// the policy in force has it. Neither of them: of the installation's own cgroup.
type Finding struct {
	Tenant    string `json:"tenant,omitempty"`
	Container string `json:"container,omitempty"` // "<containerd namespace>/<id>"
	Field     string `json:"field"`               // "memory.max"
	Got       string `json:"got"`
	Want      string `json:"want"`
	Key       string `json:"key,omitempty"`  // of the policy
	Mend      string `json:"mend,omitempty"` // what does
}

// Verified is what Verify looked at, and found.
type Verified struct {
	Tenants    int       `json:"tenants"`
	Containers int       `json:"containers"`
	Findings   []Finding `json:"findings"`
}

// VerifyOnly narrows Verify; the zero value is all that runs.
type VerifyOnly struct {
	Tenant     string           // with those below it
	Containers []*record.Record // and no tenant
}

func (o VerifyOnly) tenant(p *tenant.Policy) bool {
	return o.Containers == nil && (o.Tenant == "" || o.Tenant == p.Name || slices.Contains(p.Ancestors, o.Tenant))
}

func (o VerifyOnly) container(r *record.Record) bool {
	if o.Containers == nil {
		return o.Tenant == "" || r.Belongs(o.Tenant)
	}
	return slices.ContainsFunc(o.Containers, func(c *record.Record) bool { return c.Scope == r.Scope && c.ID == r.ID })
}

// What mends a finding.
const (
	byApply = "bulkhead apply"
	byStart = "a new start of the container"
)

// Verify compares what running tenants and enforced containers have, as the
// kernel says, with the policy in force. It changes nothing. Its error says what
// could not be looked at; the rest was.
func (rt *Runtime) Verify(only VerifyOnly) (*Verified, error) {
	st, err := tenant.Open(rt.root)
	if err != nil {
		return nil, err
	}
	node, err := st.Node()
	if err != nil {
		return nil, err
	}
	unread := rt.unreadRecords()
	running, err := rt.running()
	if err != nil {
		return nil, err
	}
	v := &verification{rt: rt, store: st, node: node, only: only, Verified: Verified{Findings: []Finding{}}}
	errs := []error{unread, v.glasses()}
	if only.Tenant == "" && only.Containers == nil && len(running) > 0 {
		errs = append(errs, v.base())
	}
	branches, err := rt.branches()
	errs = append(errs, err)
	for _, b := range branches {
		errs = append(errs, rt.tree.Locked(b.names(), func() error { return v.branch(b) }))
	}
	for _, r := range v.running { // nobody waits for this
		errs = append(errs, v.rights(r))
	}
	return &v.Verified, errors.Join(errs...)
}

// verification is one Verify on its way.
type verification struct {
	rt    *Runtime
	store *tenant.Store
	node  *tenant.Node
	only  VerifyOnly
	// running are the containers that were looked at and have their tenant still.
	running []*record.Record
	Verified
}

func (v *verification) base() error {
	drift, err := v.rt.tree.BaseDrift(v.node)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // pods have no cgroup of ours above them
	}
	v.add(drift, Finding{Mend: byApply})
	return err
}

// branch looks at a tenant and at those below it, while nobody of the
// installation changes them.
//
// Preconditions: the locks of all of them are held.
func (v *verification) branch(b *branch) error {
	running, err := v.rt.running() // again, below the locks
	if err != nil {
		return err
	}
	p, err := v.store.Tenant(b.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p = nil // it keeps what it had, of which only its records tell
	case err != nil:
		return err
	}
	errs := []error{v.tenant(p, b, running)}
	for _, r := range running[b.name] {
		if v.only.container(r) {
			errs = append(errs, v.container(r, p))
		}
	}
	for _, child := range b.below {
		errs = append(errs, v.branch(child))
	}
	return errors.Join(errs...)
}

func (v *verification) tenant(p *tenant.Policy, b *branch, running map[string][]*record.Record) error {
	if p == nil || !v.only.tenant(p) {
		return nil
	}
	of, err := v.rt.cgroupTenant(v.store, v.node, p)
	if err != nil {
		return err
	}
	drift, err := v.rt.tree.Drift(of)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
		if v.rt.needsCgroup(b.name, running) {
			v.add([]cgroup.Drift{{File: "its cgroup", Got: "not there", Want: "around its containers"}}, Finding{Tenant: p.Name, Mend: byStart})
		}
	}
	if err != nil {
		return fmt.Errorf("tenant %s: %w", p.Name, err)
	}
	v.Tenants++
	v.add(drift, Finding{Tenant: p.Name, Mend: byApply})
	return nil
}

// needsCgroup reports whether a container runs below the tenant's own cgroup.
func (rt *Runtime) needsCgroup(name string, running map[string][]*record.Record) bool {
	for _, records := range running {
		for _, r := range records {
			if r.TenantCgroup != "" && slices.Contains(rt.tree.Names(r.TenantCgroup), name) {
				return true
			}
		}
	}
	return false
}

// container looks at one container. One that ended meanwhile holds.
func (v *verification) container(r *record.Record, p *tenant.Policy) error {
	found, err := v.rt.verifyContainer(r, p)
	if !r.Alive() {
		return nil
	}
	v.Containers++
	if p != nil {
		v.running = append(v.running, r)
	}
	v.Findings = append(v.Findings, found...)
	if err != nil {
		return fmt.Errorf("container %s: %w", nameOf(r), err)
	}
	return nil
}

// verifyContainer compares one container with what is recorded of it and with
// the policy in force; nil: it no longer has the tenant.
func (rt *Runtime) verifyContainer(r *record.Record, p *tenant.Policy) ([]Finding, error) {
	limits, err := rt.verifyLimits(r, p)
	if err != nil {
		return limits, err
	}
	place, err := rt.verifyPlace(r, p)
	if err != nil {
		return append(limits, place...), err
	}
	walls, err := rt.verifyWalls(r)
	return slices.Concat(limits, place, walls), err
}

// rights looks at what the processes of one container hold. One that ended
// meanwhile holds.
func (v *verification) rights(r *record.Record) error {
	found, err := v.rt.verifyPosture(r, v.store, v.node)
	if !r.Alive() {
		return nil
	}
	v.Findings = append(v.Findings, found...)
	if err != nil {
		return fmt.Errorf("container %s: %w", nameOf(r), err)
	}
	return nil
}

func (rt *Runtime) verifyLimits(r *record.Record, p *tenant.Policy) ([]Finding, error) {
	want := cmp.Or(r.Resources, new(specs.LinuxResources))
	of := Finding{Tenant: r.Tenant, Container: nameOf(r), Mend: byApply}
	if p != nil {
		inForce, err := rt.resourcesInForce(r)
		var denials isolator.Denials
		if errors.As(err, &denials) {
			return denied(of, denials), nil
		}
		if err == nil {
			want, err = spec.Lift(r.Resources, inForce)
		}
		if err != nil {
			return nil, err
		}
	}
	drift, err := cgroup.ContainerDrift(r.Cgroup, r.Resources, want)
	return findings(of, drift), err
}

// denied: what the engine asked for is refused by the policy in force, which
// apply therefore cannot give to the container.
func denied(of Finding, denials isolator.Denials) (all []Finding) {
	for _, d := range denials {
		all = append(all, Finding{Tenant: of.Tenant, Container: of.Container, Field: d.Path, Got: d.Got, Want: d.Want, Key: d.Allow, Mend: byStart})
	}
	return all
}

func (rt *Runtime) verifyPlace(r *record.Record, p *tenant.Policy) ([]Finding, error) {
	strayed, err := cgroup.Strayed(r.Cgroup, r.Pid)
	if err != nil {
		return nil, err
	}
	if p != nil && r.TenantCgroup != "" {
		place, err := rt.tree.Place(p)
		if err != nil {
			return nil, err
		}
		if !cgroup.Below(place, r.Cgroup) {
			strayed = append(strayed, cgroup.Drift{File: "its cgroup", Got: r.Cgroup, Want: "below " + place})
		}
	}
	return findings(Finding{Tenant: r.Tenant, Container: nameOf(r), Mend: byStart}, strayed), nil
}

func (v *verification) add(drift []cgroup.Drift, of Finding) {
	v.Findings = append(v.Findings, findings(of, drift)...)
}

// findings are drifts, of whom they are.
func findings(of Finding, drift []cgroup.Drift) (all []Finding) {
	for _, d := range drift {
		f := of
		f.Field, f.Got, f.Want, f.Key = d.File, d.Got, d.Want, d.Key
		if d.Missing() {
			f.Mend = byStart
		}
		all = append(all, f)
	}
	return all
}

// nameOf is a container as an operator names it.
func nameOf(r *record.Record) string {
	return strings.TrimPrefix(r.Scope, record.Scope("")) + "/" + r.ID
}

// unreadRecords reports the records that nobody can read: of their containers
// nothing is known, and nothing is done about them.
func (rt *Runtime) unreadRecords() error {
	scopes, err := os.ReadDir(rt.root.Containers())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, scope := range scopes {
		entries, err := os.ReadDir(filepath.Join(rt.root.Containers(), scope.Name()))
		errs = append(errs, err)
		for _, e := range entries {
			id, ok := strings.CutSuffix(e.Name(), ".json")
			if !ok || id[0] == '.' {
				continue
			}
			if _, err := record.Load(rt.root, scope.Name(), id); !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
