// Package bandwidth brings the limits of tenants to the interfaces of their
// containers, in the network namespace that holds these interfaces' other ends:
// it reads what is there, plans with shape and divert, and applies.
package bandwidth

import (
	"fmt"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
)

// A Node is the network namespace that engines plug containers into. Callers
// that change something hold a lock of the installation.
type Node struct{ handle *netlink.Handle }

// Here is the one of the calling thread, which has to stay there.
func Here() (*Node, error) {
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("speak netlink: %w", err)
	}
	return &Node{handle}, nil
}

// Close lets it go.
func (n *Node) Close() { n.handle.Close() }

// there reports whether an end is there still: names and numbers are reused, but
// not together.
func (n *Node) there(i facts.Interface) bool {
	l, err := n.handle.LinkByIndex(i.HostIndex)
	return err == nil && l.Attrs().Name == i.Host
}

// Has reports whether an installation bounds anybody here.
func (n *Node) Has(installation string) (bool, error) {
	tenants, err := shape.Tenants(n.handle, installation)
	return len(tenants) > 0, err
}

// Numbers are those that the leaves of a family have here.
func (n *Node) Numbers(installation, outermost string) ([]uint16, error) {
	have, err := n.read(installation, outermost)
	return have.Leaves(), err
}

func (n *Node) read(installation, outermost string) (shape.Tree, error) {
	return shape.Read(n.handle, shape.Family{Installation: installation, Tenants: []shape.Tenant{{Name: outermost}}})
}
