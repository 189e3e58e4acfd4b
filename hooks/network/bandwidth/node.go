// Package bandwidth brings the limits of tenants to the interfaces of their
// containers, in the network namespace that holds these interfaces' other ends:
// it reads what is there, plans with shape and divert, and applies.
package bandwidth

import (
	"errors"
	"fmt"
	"os"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// A Node is the network namespace that engines plug containers into. Callers
// that change something hold a lock of the installation.
type Node struct {
	file   *os.File
	handle *netlink.Handle
}

// Open returns the one of a file: /proc/self/ns/net is this process's.
func Open(path string) (*Node, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	handle, err := netlink.NewHandleAt(netns.NsHandle(file.Fd()), unix.NETLINK_ROUTE)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("speak netlink: %w", err), file.Close())
	}
	return &Node{file, handle}, nil
}

// Close lets it go.
func (n *Node) Close() error {
	n.handle.Close()
	return n.file.Close()
}

// Is reports whether it is the namespace with this device and inode.
func (n *Node) Is(device, inode uint64) bool {
	var st unix.Stat_t
	return unix.Fstat(int(n.file.Fd()), &st) == nil && st.Dev == device && st.Ino == inode
}

// An End is the node's end of a container's interface.
type End struct {
	Name  string `json:"name"`
	Index int    `json:"index"`
	MTU   int    `json:"mtu"`
}

// Ends are those of the interfaces in a container's network namespace. Outside
// are its other interfaces that are up, which have no end here.
func (n *Node) Ends(container string) (ends []End, outside []string, err error) {
	c, err := Open(container)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	inside, err := c.handle.LinkList()
	if err != nil {
		return nil, nil, fmt.Errorf("list the interfaces of %s: %w", container, err)
	}
	// What the kernel calls each namespace in the other (ip-netns(8)). They have
	// got these names by the list.
	here, err := c.handle.GetNetNsIdByFd(int(n.file.Fd()))
	if err != nil {
		return nil, nil, fmt.Errorf("identify a network namespace: %w", err)
	}
	for _, l := range inside {
		a := l.Attrs()
		if a.RawFlags&unix.IFF_LOOPBACK != 0 {
			continue
		}
		if l.Type() == "veth" && here >= 0 && a.NetNsID == here {
			peer, err := n.handle.LinkByIndex(a.ParentIndex)
			if err == nil && peer.Type() == "veth" && peer.Attrs().ParentIndex == a.Index {
				ends = append(ends, End{peer.Attrs().Name, peer.Attrs().Index, max(a.MTU, peer.Attrs().MTU)})
				continue
			}
		}
		if a.RawFlags&unix.IFF_UP != 0 {
			outside = append(outside, a.Name)
		}
	}
	return ends, outside, nil
}

// there reports whether an end is there still: names and numbers are reused, but
// not together.
func (n *Node) there(e End) bool {
	l, err := n.handle.LinkByIndex(e.Index)
	return err == nil && l.Attrs().Name == e.Name
}
