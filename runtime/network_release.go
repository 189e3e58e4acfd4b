package runtime

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// unwall takes the walls of a container away. Where another of the tenant's
// still lives in its network namespace, they become that one's.
//
// Preconditions: the tenant's lock is held.
func (rt *Runtime) unwall(r *record.Record) error {
	if r.Network == nil {
		return nil
	}
	inside, _ := r.NetworkNamespace()
	heir, err := rt.sharing(r, inside)
	if err != nil {
		return err
	}
	if heir != nil && heir.Tenant == r.Tenant {
		heir.Network = r.Network
		return record.Save(rt.root, heir)
	}
	err = rt.atNetwork(r.Network, func() error { return network.Undo(rt.wallsName(r)) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil // they went with the namespace that they stood in
	}
	return err
}

// walls finds those in this process's network namespace that are no container's.
func (rt *Runtime) walls(all []*record.Record) (found []Leftover, err error) {
	standing, err := network.Standing(rt.root.Installation())
	if err != nil {
		return nil, err
	}
	for _, key := range standing {
		if !slices.ContainsFunc(all, func(r *record.Record) bool { return r.Network != nil && rt.wallsName(r).Key() == key }) {
			found = append(found, Leftover{"walls", key, func(context.Context) error {
				return rt.tree.LockedNetwork(func() error { return network.Remove(rt.root.Installation(), key) })
			}})
		}
	}
	return found, nil
}
