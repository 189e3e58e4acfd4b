package runtime

import (
	"context"
	"encoding/json"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// exempt reports whether the node runs this container as the engine asks.
func (rt *Runtime) exempt(e tenant.Evidence) bool {
	return tenant.Exempt(rt.root, tenant.ContainerdNamespace, e.ContainerdNamespace) ||
		tenant.Exempt(rt.root, tenant.KubernetesNamespace, e.KubernetesNamespace)
}

// createExempt lets a request pass as the engine asked. It needs no policy, so
// that a broken one cannot stop the node's own containers.
func (rt *Runtime) createExempt(ctx context.Context, c Caller, asked *isolator.Request) (*Accepted, error) {
	node := rt.nodeOrDefaults()
	facts, err := rt.identity(ctx, c, asked.Spec, node, defaultDelegate)
	if err != nil {
		return nil, err
	}
	a := &Accepted{Request: asked.Clone(), rt: rt, record: newRecord(rt, c, facts)}
	a.Request.Options = isolator.DelegateOptions(facts, asked.Spec, cgroupsPath(asked))
	a.record.Exempt = true
	a.record.Cgroup = cgroupsPath(asked)
	a.record.Namespaces = brought(asked.Spec, facts.IsSandbox)
	a.record.UIDMappings, a.record.GIDMappings = idMappings(asked.Spec)
	entry := record.Entry{Time: time.Now(), Operation: "create", Scope: a.record.Scope, Container: c.ID, Decision: record.Exempted}
	if err := record.Append(rt.root, node.AuditLog, entry); err != nil {
		return nil, err
	}
	if err := rt.forgetDead(a.record.Scope, a.record.ID); err != nil {
		return nil, err
	}
	return a, record.Create(rt.root, a.record)
}

// lenient reads what an exempt container needs of a spec that Bulkhead's own
// library may be too old for.
func lenient(config []byte) *specs.Spec {
	s := new(specs.Spec)
	_ = json.Unmarshal(config, s) // a part that did not decode is absent
	return s
}

// Passes reports whether a container's requests pass as the engine asked.
func (rt *Runtime) Passes(c Caller) bool {
	r, err := record.Load(rt.root, c.Scope(), c.ID)
	return err == nil && r.Exempt
}
