package runtime

import (
	"errors"
	"io/fs"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// Release takes back what a container has on the host besides what its delegate
// removes. It reads no policy, and having nothing to release is success.
func (rt *Runtime) Release(scope, id string) error {
	r, err := record.Load(rt.root, scope, id)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err = removeStage(stageOf(rt.root, scope, id))
	if r == nil {
		return err
	}
	return errors.Join(err, clearSandbox(r), rt.leaveNetwork(r), rt.release(r))
}

func (rt *Runtime) release(r *record.Record) error {
	remove := func() error { return record.Remove(rt.root, r.Scope, r.ID) }
	if r.Exempt {
		return remove()
	}
	if err := rt.tree.Locked([]string{r.Tenant}, func() error {
		if err := rt.unplugged(r); err != nil {
			return err
		}
		return remove()
	}); err != nil {
		return err
	}
	err := rt.releaseNetwork(r.Tenant)
	if r.TenantCgroup != "" {
		return errors.Join(err, rt.tree.Release(r.TenantCgroup))
	}
	if r.Engine == string(isolator.CRI) && r.Enforced && !r.IsSandbox {
		rt.returnShare(r)
	}
	return err
}

// forgetDead releases a record whose container is gone without a trace: its
// engine was killed and lost it. A living container keeps its id.
func (rt *Runtime) forgetDead(scope, id string) error {
	r, err := record.Load(rt.root, scope, id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || r.Pid == 0 || r.Alive() {
		return err // without a process yet, it may be another Create's
	}
	return rt.Release(scope, id)
}
