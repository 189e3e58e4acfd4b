package runtime

import (
	"errors"
	"io/fs"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// rewall brings the walls around a tenant's running containers to a policy.
// Connections that it allows live on. An interface without walls is not
// refused here: that is for new containers.
//
// Preconditions: the tenant's lock is held.
func (rt *Runtime) rewall(node *tenant.Node, p *tenant.Policy, running []*record.Record) error {
	var errs []error
	for _, r := range running {
		if r.Network == nil {
			continue
		}
		err := rt.atNetwork(r.Network, func() error { return rt.raise(r, node, p) })
		if !errors.Is(err, fs.ErrNotExist) { // it has just ended
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
