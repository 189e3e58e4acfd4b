package runtime

import (
	"errors"
	"io/fs"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/hooks/network/bandwidth"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// unplugged takes away what stands around a container's network. Where another
// of the tenant's still lives in its network namespace, it becomes that one's. It
// reads no policy.
//
// Preconditions: the tenant's lock is held.
func (rt *Runtime) unplugged(r *record.Record) error {
	if r.Network == nil {
		return nil
	}
	inside, _ := r.NetworkNamespace()
	heir, err := rt.sharing(r, inside)
	if err != nil {
		return err
	}
	if heir != nil {
		heir.Network = r.Network
		return record.Save(rt.root, heir)
	}
	err = rt.atNetwork(r.Network, func() error {
		return errors.Join(network.Undo(rt.wallsName(r)), rt.unbound(r.Network))
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it went with the namespace that it stood in
	}
	return err
}

// unbound takes its classes of bandwidth away.
func (rt *Runtime) unbound(n *record.Network) error {
	if n.Leaf == 0 {
		return nil
	}
	node, err := bandwidth.Here()
	if err != nil {
		return err
	}
	defer node.Close()
	return node.Release(rt.root.Installation(), known(n))
}

func known(n *record.Network) bandwidth.Known {
	return bandwidth.Known{Outermost: n.Outermost, Leaf: n.Leaf, Interfaces: n.Ends()}
}
