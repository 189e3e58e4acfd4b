package runtime

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// giveTo counts what a pod's container has, or loses, for its tenant and all above.
func giveTo(of *cgroup.Tenant, a Account, sign int64) {
	for t := of; t != nil; t = t.Parent {
		t.InPods.CPUMilli += sign * a.CPUMilli
		t.InPods.MemoryBytes += sign * a.MemoryBytes
		t.InPods.Pids += sign * a.Pids
	}
}

// share gives the tenant's cgroups, if they are there, what the pods leave of
// the limits: from the outermost in, each around those below it. What its other
// containers use already is a denial.
//
// Preconditions: the locks of the tenant and of those above it are held.
func (rt *Runtime) share(of *cgroup.Tenant) (denials isolator.Denials, err error) {
	var levels []*cgroup.Tenant
	for t := of; t != nil; t = t.Parent {
		levels = append(levels, t)
	}
	slices.Reverse(levels)
	var from func(i int) error
	from = func(i int) error {
		if i == len(levels) {
			return nil
		}
		inner := func() error { return from(i + 1) }
		t := levels[i]
		err := rt.tree.Apply(t, inner)
		var low *cgroup.TooLow
		if !errors.As(err, &low) {
			return err
		}
		denials = append(denials, &isolator.Denial{Isolator: "total", Path: low.Key + " of tenant " + t.Name + " beside its pods",
			Got: low.Limit, Want: "at least the " + low.InUse + " that its other containers use", Allow: low.Key})
		return inner()
	}
	return denials, from(0)
}

// returnShare gives the tenant's other containers back what a pod's container
// had of the tenant's limits. Nothing depends on it at once, and a container
// must be deletable without a policy: the next start or apply does it too.
func (rt *Runtime) returnShare(r *record.Record) {
	st, node, p, err := rt.innermostInForce(r)
	if err != nil || p == nil {
		return
	}
	locks, err := rt.tree.Chain(p)
	if err != nil {
		return
	}
	_ = rt.tree.Locked(locks, func() error {
		of, err := rt.cgroupTenant(st, node, p)
		if err == nil {
			_, err = rt.share(of)
		}
		return err
	})
}

// innermostInForce is the container's tenant, or the next above it that the
// policy in force still has; nil if it has none of them.
func (rt *Runtime) innermostInForce(r *record.Record) (*tenant.Store, *tenant.Node, *tenant.Policy, error) {
	st, err := tenant.Open(rt.root)
	if err != nil {
		return nil, nil, nil, err
	}
	node, err := st.Node()
	if err != nil {
		return nil, nil, nil, err
	}
	for _, name := range slices.Backward(append(slices.Clone(r.Ancestors), r.Tenant)) {
		p, err := st.Tenant(name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return st, node, p, err
		}
	}
	return st, node, nil, nil
}
