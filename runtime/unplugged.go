package runtime

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/bulkhead-dev/bulkhead/hooks/network/bandwidth"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// unplugged takes away what bounds a container's network namespace, after its
// record has gone, if no other container is recorded to be in it. It reads no
// policy.
func (rt *Runtime) unplugged(r *record.Record) error {
	b := r.Bandwidth
	if b == nil {
		return nil
	}
	return rt.tree.LockedNetwork(func() error {
		shared := false
		err := rt.ofTenant(r.Tenant, func(o *record.Record) bool {
			shared = sharesLeaf(o, b)
			return shared
		})
		if err != nil || shared {
			return err
		}
		node, err := nodeOf(b)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went with all that was in it
		}
		if err != nil {
			return err
		}
		defer node.Close()
		return node.Release(rt.root.Installation(), b.Outermost, b.Leaf, interfaces(b))
	})
}

func sharesLeaf(r *record.Record, b *record.Bandwidth) bool {
	return r.Bandwidth != nil && r.Bandwidth.Node == b.Node && r.Bandwidth.Outermost == b.Outermost && r.Bandwidth.Leaf == b.Leaf
}

func interfaces(b *record.Bandwidth) (names []string) {
	for _, e := range b.Ends {
		names = append(names, e.Name)
	}
	return names
}

// nodeOf opens the namespace of a container's ends: this process's own, or that of
// a shim that lives. Its error is fs.ErrNotExist if neither is.
func nodeOf(b *record.Bandwidth) (*bandwidth.Node, error) {
	for _, path := range []string{"/proc/self/ns/net", fmt.Sprintf("/proc/%d/ns/net", b.Shim)} {
		node, err := bandwidth.Open(path)
		if err != nil {
			continue
		}
		if node.Is(b.Node.Device, b.Node.Inode) {
			return node, nil
		}
		if err := node.Close(); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("no process is known in the network namespace of the interfaces: %w", fs.ErrNotExist)
}
