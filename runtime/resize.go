package runtime

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// updateLocks keep two updates, and an update and an apply, from mixing. What a
// pod is given counts for all tenants above.
func (rt *Runtime) updateLocks(r *record.Record) ([]string, error) {
	if r.Kind() != record.Pod {
		return []string{r.Tenant}, nil
	}
	_, _, p, err := rt.policyFor(r)
	if err != nil {
		return nil, err
	}
	return rt.tree.Chain(p)
}

// resize is what an update of a pod's container does to its tenant's account.
type resize struct {
	rt       *Runtime
	of       *cgroup.Tenant // nil: the account does not change
	from, to Account
}

// resize shares the tenant's limits as if the container had its new resources
// already, and reports what that exceeds.
func (rt *Runtime) resize(r *record.Record, to *specs.LinuxResources) (s resize, total isolator.Denials, err error) {
	if r.Kind() != record.Pod || r.IsSandbox || !r.Enforced {
		return s, nil, nil
	}
	st, node, p, err := rt.policyFor(r)
	if err != nil {
		return s, nil, err
	}
	of, err := rt.cgroupTenant(st, node, p)
	if err != nil {
		return s, nil, err
	}
	changed := *r
	changed.Resources = to
	s = resize{rt, of, inPod(r, p), inPod(&changed, p)}
	giveTo(of, s.from, -1)
	giveTo(of, s.to, 1)
	if total, err = rt.overTotal(st, of, &changed); err != nil {
		return s, nil, err
	}
	beside, err := rt.share(of)
	return s, append(total, beside...), err
}

// undo shares the limits as they were.
func (s resize) undo() error {
	if s.of == nil {
		return nil
	}
	giveTo(s.of, s.to, -1)
	giveTo(s.of, s.from, 1)
	_, err := s.rt.share(s.of)
	return err
}
