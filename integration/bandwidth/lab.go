package bandwidth

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/guard"
)

// A Lab is a node with a bridge that containers are plugged into, as Docker and
// the CNI's bridge plugin have it, and one machine elsewhere that it routes to.
type Lab struct {
	Node *Place
	Far  *Host

	hosts []*Host
}

// A Host is one end of flows.
type Host struct {
	*Place
	Address   string
	Interface string // its end on the node
	guard     *guard.Guard
}

const bridge = "br0"

// New makes a lab. Nothing of it leaves this process's namespaces.
func New() (l *Lab, err error) {
	l = new(Lab)
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if l.Node, err = newPlace(); err != nil {
		return l, err
	}
	b := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridge, TxQLen: -1}}
	if err := l.Node.handle.LinkAdd(b); err != nil {
		return l, fmt.Errorf("add bridge: %w", err)
	}
	if err := l.Node.address(bridge, "10.77.0.1/24"); err != nil {
		return l, err
	}
	err = l.Node.do(func() error {
		return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)
	})
	if err != nil {
		return l, err
	}
	if l.Far, err = l.plug("far", "10.78.0.2/24", "10.78.0.1"); err != nil {
		return l, err
	}
	return l, l.Node.address("far", "10.78.0.1/24")
}

// Gateway is the node as containers see it.
func (l *Lab) Gateway() *Host { return &Host{Place: l.Node, Address: "10.77.0.1"} }

// Add plugs a container into the bridge.
func (l *Lab) Add() (*Host, error) {
	n := len(l.hosts)
	h, err := l.plug(fmt.Sprintf("veth%d", n), fmt.Sprintf("10.77.0.%d/24", n+2), "10.77.0.1")
	if err != nil {
		return nil, err
	}
	b, err := l.Node.handle.LinkByName(bridge)
	if err != nil {
		return nil, err
	}
	v, err := l.Node.handle.LinkByName(h.Interface)
	if err != nil {
		return nil, err
	}
	return h, l.Node.handle.LinkSetMaster(v, b)
}

func (l *Lab) plug(name, address, gateway string) (*Host, error) {
	ip, _, err := net.ParseCIDR(address)
	if err != nil {
		return nil, err
	}
	p, err := newPlace()
	if err != nil {
		return nil, err
	}
	h := &Host{Place: p, Address: ip.String(), Interface: name}
	l.hosts = append(l.hosts, h)
	attributes := netlink.NewLinkAttrs()
	attributes.Name = name
	veth := &netlink.Veth{LinkAttrs: attributes, PeerName: "eth0", PeerNamespace: netlink.NsFd(p.file.Fd())}
	if err := l.Node.handle.LinkAdd(veth); err != nil {
		return nil, fmt.Errorf("add %s: %w", name, err)
	}
	if err := l.Node.raise(name); err != nil {
		return nil, err
	}
	if err := p.address("eth0", address); err != nil {
		return nil, err
	}
	route := &netlink.Route{Gw: net.ParseIP(gateway)}
	if err := p.handle.RouteAdd(route); err != nil {
		return nil, fmt.Errorf("add the route of %s: %w", name, err)
	}
	return h, nil
}

func (p *Place) address(name, address string) error {
	l, err := p.handle.LinkByName(name)
	if err != nil {
		return err
	}
	a, err := netlink.ParseAddr(address)
	if err != nil {
		return err
	}
	a.Flags |= unix.IFA_F_NODAD
	if err := p.handle.AddrAdd(l, a); err != nil {
		return fmt.Errorf("add address %s: %w", address, err)
	}
	return p.handle.LinkSetUp(l)
}

// Close ends the lab. What was started in it has ended.
func (l *Lab) Close() error {
	var errs []error
	for _, h := range l.hosts {
		errs = append(errs, h.close())
	}
	if l.Node != nil {
		errs = append(errs, l.Node.close())
	}
	return errors.Join(errs...)
}
