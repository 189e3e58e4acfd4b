package runtime

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Replayed is what a policy would make of a container that runs, if its engine
// asked for it again.
type Replayed struct {
	Scope     string           `json:"scope"`
	Container string           `json:"container"`
	Tenant    string           `json:"tenant,omitempty"` // under that policy; empty: exempt, or refused for want of one
	Enforced  bool             `json:"enforced"`
	Refused   string           `json:"refused,omitempty"` // why no policy could decide it
	Denials   isolator.Denials `json:"denials,omitempty"`
	Changes   []spec.Change    `json:"changes,omitempty"`
}

// Replay decides what every running container's engine asked for by the policy
// in force below another root, and changes nothing.
func (rt *Runtime) Replay(ctx context.Context, planned tenant.Root) ([]Replayed, error) {
	st, err := tenant.Open(planned)
	if err != nil {
		return nil, err
	}
	node, err := st.Node()
	if err != nil {
		return nil, err
	}
	records, err := record.List(rt.root)
	if err != nil {
		return nil, err
	}
	var all []Replayed
	for _, r := range records {
		if !r.Alive() {
			continue
		}
		done := Replayed{Scope: r.Scope, Container: r.ID}
		if err := rt.replay(ctx, planned, st, node, r, &done); err != nil {
			done.Refused = err.Error()
		}
		all = append(all, done)
	}
	return all, nil
}

// ReplayForeign decides what the policy in force would make of a container that
// another shim runs, whose bundle the engine wrote.
func (rt *Runtime) ReplayForeign(ctx context.Context, c Caller) (Replayed, error) {
	done := Replayed{Scope: record.Scope(c.Namespace), Container: c.ID}
	st, err := tenant.Open(rt.root)
	if err != nil {
		return done, err
	}
	node, err := st.Node()
	if err != nil {
		return done, err
	}
	r := &record.Record{Scope: done.Scope, ID: c.ID, Bundle: c.Bundle, Pinned: c.Pinned}
	if err := rt.replay(ctx, rt.root, st, node, r, &done); err != nil {
		done.Refused = err.Error()
	}
	return done, nil
}

func (rt *Runtime) replay(ctx context.Context, planned tenant.Root, st *tenant.Store, node *tenant.Node, r *record.Record, done *Replayed) error {
	w, err := rt.wouldBe(ctx, planned, st, node, r)
	if p := w.policy; p != nil {
		done.Tenant, done.Enforced = p.Name, p.Enforcement == tenant.Enforce
	}
	done.Denials, done.Changes = w.result.Denials, w.result.Changes
	return err
}

// would is what a policy makes of what a running container's engine asked for.
type would struct {
	policy  *tenant.Policy    // nil: exempt
	request *isolator.Request // as rewritten; nil: exempt
	result  spec.Result
}

func (rt *Runtime) wouldBe(ctx context.Context, planned tenant.Root, st *tenant.Store, node *tenant.Node, r *record.Record) (w would, err error) {
	config, err := engineSpec(r.Bundle)
	if err != nil {
		return w, err
	}
	asked := new(isolator.Request)
	c := callerOf(r)
	e := rt.evidence(c, lenient(config))
	for kind, namespace := range map[tenant.Kind]string{tenant.ContainerdNamespace: e.ContainerdNamespace, tenant.KubernetesNamespace: e.KubernetesNamespace} {
		if tenant.Exempt(planned, kind, namespace) {
			return w, nil
		}
	}
	if asked.Spec, err = spec.Parse(config); err != nil {
		return w, err
	}
	if w.policy, err = st.Resolve(node, e); err != nil {
		return w, err
	}
	facts, err := rt.Facts(ctx, c, asked, node, w.policy)
	if err != nil {
		return w, err
	}
	w.request, w.result, err = Judge(isolator.NewCase(w.policy, node, facts, asked))
	return w, err
}

// engineSpec is what the engine asked for: beside what Bulkhead made of it, or,
// where it changed nothing, the bundle's own.
func engineSpec(bundle string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(bundle, spec.EngineFile))
	if errors.Is(err, os.ErrNotExist) {
		return spec.Read(bundle)
	}
	return data, err
}

// callerOf is who asked for a recorded container.
func callerOf(r *record.Record) Caller {
	c := Caller{ID: r.ID, Bundle: r.Bundle, Pinned: r.Pinned}
	if name, ok := strings.CutPrefix(r.Scope, record.CommandScope("")); ok {
		c.Namespace, c.Engine = name, isolator.Engine(r.Engine)
	} else {
		c.Namespace, _ = strings.CutPrefix(r.Scope, record.Scope(""))
	}
	return c
}
