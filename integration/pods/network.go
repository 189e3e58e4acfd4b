package pods

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
)

// The node's addresses. They are its own network namespace's, so that they
// disturb nobody.
const (
	Address = "10.88.0.1" // the node, on the bridge that pods are plugged into
	Subnet  = "10.88.0.0/16"
	bridge  = "cni0"
)

// connect brings up loopback and a bridge with the node's address: a server
// must have an address to announce before the first pod comes.
func connect() error {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		return err
	}
	b := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridge}}
	if err := netlink.LinkAdd(b); err != nil {
		return fmt.Errorf("add bridge %s: %w", bridge, err)
	}
	_, pods, err := net.ParseCIDR(Subnet)
	if err != nil {
		return err
	}
	node := &netlink.Addr{IPNet: &net.IPNet{IP: net.ParseIP(Address), Mask: pods.Mask}}
	if err := netlink.AddrAdd(b, node); err != nil {
		return err
	}
	return netlink.LinkSetUp(b)
}

// writeCNI writes the network of pods, for the plugins of Debian's package.
func (n *Node) writeCNI() error {
	text, err := json.MarshalIndent(map[string]any{
		"cniVersion": "1.0.0", "name": "pods",
		"plugins": []any{
			map[string]any{
				"type": "bridge", "bridge": bridge, "isGateway": true, "isDefaultGateway": true, "ipMasq": false,
				"ipam": map[string]any{
					"type": "host-local", "dataDir": filepath.Join(n.Dir(), "ipam"),
					"ranges": [][]map[string]string{{{"subnet": Subnet}}},
				},
			},
			map[string]any{"type": "loopback"},
		},
	}, "", "\t")
	if err != nil {
		return err
	}
	dir := filepath.Join(n.Dir(), "cni")
	if err := os.MkdirAll(dir, 0o755); err != nil { // containerd may have looked there
		return err
	}
	return os.WriteFile(filepath.Join(dir, "pods.conflist"), text, 0o644)
}

// interfaces are those of pods, and what bounds them, that the node's network
// namespace holds.
func (n *Node) interfaces() ([]string, error) {
	var names []string
	err := n.Do(func() error {
		links, err := netlink.LinkList()
		for _, l := range links {
			if l.Type() == "veth" || l.Type() == "ifb" {
				names = append(names, "interface "+l.Attrs().Name)
			}
		}
		return err
	})
	return names, err
}
