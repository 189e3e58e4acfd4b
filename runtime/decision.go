package runtime

import (
	"context"
	"slices"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// decision is what the policy says of a Create, before anything was touched.
type decision struct {
	store    *tenant.Store
	node     *tenant.Node
	policy   *tenant.Policy
	facts    isolator.Facts
	delegate *Delegate      // that the container gets
	held     heldNamespaces // those that the request names; closed by who asked for the decision
	enforced bool
	provided bool              // its network namespace is the tenant's, which Bulkhead makes
	glass    *tenant.Glass     // the tenant's, if it is broken
	final    *isolator.Request // as rewritten, or as asked in Audit
	result   spec.Result
	reported isolator.Denials // no room for them, and started nevertheless
}

func (rt *Runtime) decide(ctx context.Context, c Caller, asked *isolator.Request) (d *decision, err error) {
	e := rt.evidence(c, asked.Spec)
	if e.Sandbox, err = rt.sandboxTenant(c, asked.Spec); err != nil {
		return nil, err
	}
	st, node, policy, err := rt.resolve(e)
	if err != nil {
		return nil, err
	}
	held := hold(asked.Spec)
	defer func() {
		if err != nil {
			held.close()
		}
	}()
	facts, err := rt.factsOf(ctx, c, asked, node, policy, held)
	if err != nil {
		return nil, err
	}
	d = &decision{store: st, node: node, policy: policy, facts: facts, held: held, glass: tenant.GlassOf(rt.root, policy.Name)}
	d.enforced = policy.Enforcement == tenant.Enforce && d.glass == nil
	cs := isolator.NewCase(policy, node, facts, asked)
	if d.final, d.result, err = Judge(cs); err != nil {
		return nil, err
	}
	name := delegateFor(c, asked.Spec, policy)
	if !d.enforced && name == sandboxDelegate {
		name = defaultDelegate // another kernel would be a change
	}
	if d.delegate, err = rt.Delegate(ctx, node, name); err != nil {
		return nil, err
	}
	d.provided = d.enforced && provides(node, policy, facts) && wantsNetwork(d.final.Spec)
	if d.provided {
		d.result.Denials = append(d.result.Denials, unmountable(d.final.Spec)...)
	}
	if !d.enforced {
		// Audit changes nothing that the engine asked for. What the delegate is
		// and where it keeps its state is the node's word for every container.
		d.facts.Delegate = rt.delegateFacts(c, d.delegate)
		facts = d.facts
		d.final = asked.Clone()
		d.final.Options = isolator.DelegateOptions(facts, asked.Spec, cgroupsPath(asked))
	}
	return d, nil
}

func (d *decision) record(rt *Runtime, c Caller, asked *isolator.Request) *record.Record {
	r := newRecord(rt, c, d.facts)
	r.Tenant, r.Ancestors, r.Version, r.Enforced = d.policy.Name, d.policy.Ancestors, d.store.Version, d.enforced
	r.Glass = d.glass != nil
	r.Cgroup = cgroupsPath(d.final)
	r.Systemd = d.final.Options.SystemdCgroup
	r.Namespaces = d.adopted()
	if d.enforced && d.facts.Engine != isolator.CRI {
		r.TenantCgroup = d.facts.TenantCgroup
	}
	r.TenantNetwork = d.provided
	r.JoinsNetwork = d.provided || joinsNetwork(d.final.Spec)
	r.UIDMappings, r.GIDMappings = idMappings(d.final.Spec)
	if p := d.final.Spec.Process; p != nil {
		r.Process = rightsOf(p)
	}
	if l := asked.Spec.Linux; l != nil {
		r.Asked = l.Resources
	}
	if l := d.final.Spec.Linux; l != nil {
		r.Resources = l.Resources
	}
	return r
}

func joinsNetwork(s *specs.Spec) bool {
	return s.Linux != nil && slices.ContainsFunc(s.Linux.Namespaces, func(ns specs.LinuxNamespace) bool {
		return ns.Type == specs.NetworkNamespace && ns.Path != ""
	})
}

// noRoom says what becomes of a pod that its tenant has no room for: it is
// refused, or only reported.
func noRoom(node *tenant.Node, total isolator.Denials) (refused, reported isolator.Denials) {
	if node.TenantTotal == tenant.NoExcess {
		return total, nil
	}
	return nil, total
}

func (d *decision) noRoom(full *isolator.Denials, total isolator.Denials) {
	refused, reported := noRoom(d.node, total)
	*full, d.reported = append(*full, refused...), append(d.reported, reported...)
}

// reporting is the audit line of what starts although there is no room for it.
func reporting(e record.Entry, reported isolator.Denials) record.Entry {
	if len(reported) > 0 && e.Decision != record.Refused {
		e.Decision, e.Denials = record.Reported, append(e.Denials, reported...)
	}
	return e
}

// rightsOf leaves out what a process runs and with which environment: a record
// says what it may do.
func rightsOf(p *specs.Process) *specs.Process {
	q := *p
	q.Args, q.Env = nil, nil
	return &q
}

func (d *decision) audit(rt *Runtime, c Caller) error {
	e := under(d.glass, entry(c, "create", d.policy.Name, d.store.Version, d.enforced, d.result))
	return record.Append(rt.root, d.node.AuditLog, reporting(e, d.reported))
}

// entry is the audit line of a decision.
func entry(c Caller, operation, name, version string, enforced bool, res spec.Result) record.Entry {
	return record.Entry{
		Time:      time.Now().UTC(),
		Operation: operation,
		Scope:     c.Scope(),
		Container: c.ID,
		Tenant:    name,
		Version:   version,
		Decision:  decisionOf(enforced, res),
		Denials:   res.Denials,
		Changes:   res.Changes,
	}
}

func decisionOf(enforced bool, res spec.Result) record.Decision {
	switch {
	case len(res.Denials)+len(res.Changes) == 0:
		return record.Accepted
	case !enforced:
		return record.Audited
	case len(res.Denials) > 0:
		return record.Refused
	default:
		return record.Narrowed
	}
}

// auditFailure logs a request that was refused before a policy could decide it.
func (rt *Runtime) auditFailure(c Caller, operation string, cause error) error {
	return record.Append(rt.root, rt.nodeOrDefaults().AuditLog, record.Entry{
		Time:      time.Now().UTC(),
		Operation: operation,
		Scope:     c.Scope(),
		Container: c.ID,
		Decision:  record.Refused,
		Error:     cause.Error(),
	})
}
