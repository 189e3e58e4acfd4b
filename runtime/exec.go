package runtime

import (
	"cmp"
	"context"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Exec returns a further process of a running container, narrowed to what the
// tenant may have and the container was created with. It is refused only for
// where its output goes: a probe of a running container must not fail because
// a policy changed.
func (rt *Runtime) Exec(ctx context.Context, c Caller, asked *specs.Process, stdio isolator.Stdio) (*specs.Process, error) {
	r, err := record.Load(rt.root, c.Scope(), c.ID)
	if err != nil {
		return nil, err
	}
	if r.Exempt { // there is no tenant to decide by
		return asked, nil
	}
	cs, version, err := rt.runningCase(r)
	if err != nil {
		return nil, err
	}
	cs.Facts.Fifos = fifos(stdio, r.UIDMappings, r.GIDMappings)
	p, res, err := spec.RewriteExec(cs, asked)
	if err != nil {
		return nil, err
	}
	denials, err := isolator.DenialsOf(isolator.ExecStdio(cs, stdio))
	if err != nil {
		return nil, err
	}
	res.Denials = append(res.Denials, denials...)
	enforced, glass := rt.enforced(r)
	if err := record.Append(rt.root, cs.Node.AuditLog, under(glass, entry(c, "exec", r.Tenant, version, enforced, res))); err != nil {
		return nil, err
	}
	switch {
	case !enforced:
		return asked, nil
	case len(res.Denials) > 0:
		return nil, res.Denials
	}
	return p, nil
}

// runningCase is the case of a request to a running container: the tenant's
// policy in force, or that of its creation where that one cannot be read or no
// longer has the tenant.
func (rt *Runtime) runningCase(r *record.Record) (*isolator.Case, string, error) {
	st, node, policy, err := rt.policyFor(r)
	if err != nil {
		return nil, "", err
	}
	machine, err := rt.facts()
	if err != nil {
		return nil, "", err
	}
	return rt.caseOf(r, node, policy, machine), st.Version, nil
}

// resourcesCase is the case of new resources for a running container. What an
// exec needs is less: a disk that has gone must not fail a probe.
func (rt *Runtime) resourcesCase(r *record.Record) (*isolator.Case, string, error) {
	cs, version, err := rt.runningCase(r)
	if err == nil {
		err = rt.resourceFacts(&cs.Facts, cs.Node, cs.Policy)
	}
	return cs, version, err
}

func (rt *Runtime) caseOf(r *record.Record, node *tenant.Node, p *tenant.Policy, machine isolator.NodeFacts) *isolator.Case {
	return &isolator.Case{
		Policy: p,
		Node:   node,
		Facts: isolator.Facts{
			Engine: isolator.Engine(r.Engine), ContainerID: r.ID, Bundle: r.Bundle, Sandbox: r.Sandbox, IsSandbox: r.IsSandbox,
			TenantCgroup: r.TenantCgroup, Node: machine,
		},
		Created: &isolator.Created{Process: cmp.Or(r.Process, new(specs.Process)), Resources: r.Asked},
	}
}

func (rt *Runtime) policyFor(r *record.Record) (*tenant.Store, *tenant.Node, *tenant.Policy, error) {
	read := func(st *tenant.Store, err error) (*tenant.Store, *tenant.Node, *tenant.Policy, error) {
		if err != nil {
			return nil, nil, nil, err
		}
		node, err := st.Node()
		if err != nil {
			return nil, nil, nil, err
		}
		p, err := st.Tenant(r.Tenant)
		return st, node, p, err
	}
	st, node, p, err := read(tenant.Open(rt.root))
	if err == nil {
		return st, node, p, nil
	}
	return read(tenant.OpenVersion(rt.root, r.Version))
}
