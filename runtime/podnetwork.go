package runtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// A sandbox takes the addresses of each interface of its network for itself when
// its container starts, and their routes go with them (gVisor 160fafc42237,
// runsc/sandbox/network.go). Nobody puts them back, so the next container of the
// pod, after an init container or a restart, would have no network, and the CNI
// plugin that takes the pod away would not know which addresses were its own.
// Therefore they are noted when the first starts, and put back when it has ended.

// podLink is what an interface of a pod's network has.
type podLink struct {
	Name      string          `json:"name"`
	Addresses []netlink.Addr  `json:"addresses"`
	Routes    []netlink.Route `json:"routes"` // that do not follow from an address
}

// podNetworkFile is where the network of a pod's sandbox is noted.
func podNetworkFile(root tenant.Root, r *record.Record) string {
	return filepath.Join(root.PodNetworks(), r.Scope, r.Sandbox+".json")
}

// Starting prepares what a container needs at its start: the network of a pod
// whose container runs in a sandbox is noted, or, if an earlier one took the
// addresses, put back. For every other container it does nothing.
func (rt *Runtime) Starting(c Caller) error {
	r, err := record.Load(rt.root, c.Scope(), c.ID)
	if err != nil || !takesNetwork(r) {
		return nil // of who is not recorded nothing is known
	}
	h, err := rt.podHandle(r)
	if h == nil || err != nil {
		return err
	}
	defer h.Close()
	if noted, err := putBack(h, podNetworkFile(rt.root, r)); noted || err != nil {
		return err
	}
	return note(h, podNetworkFile(rt.root, r))
}

// takesNetwork reports a pod's container that takes the addresses of its network.
func takesNetwork(r *record.Record) bool {
	return r.Sandbox != "" && !r.IsSandbox && sandboxed(r.Delegate)
}

// leaveNetwork puts the network of a pod back, of which a container has ended, and
// forgets it with the pod's sandbox.
func (rt *Runtime) leaveNetwork(r *record.Record) error {
	file := podNetworkFile(rt.root, r)
	if r.IsSandbox {
		if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if !takesNetwork(r) {
		return nil
	}
	h, err := rt.podHandle(r)
	if h == nil || err != nil {
		return err
	}
	defer h.Close()
	_, err = putBack(h, file)
	return err
}

// podHandle opens the network of a container's pod; nil: the pod is gone.
func (rt *Runtime) podHandle(r *record.Record) (*netlink.Handle, error) {
	pod, err := record.Load(rt.root, r.Scope, r.Sandbox)
	if errors.Is(err, fs.ErrNotExist) || err == nil && pod.Pid == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/net", pod.Pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT || err == nil && !pod.Alive() { // opened first: it is not another's
		if err == nil {
			err = unix.Close(fd)
		} else {
			err = nil
		}
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("open the network of pod %s: %w", r.Pod, err)
	}
	defer unix.Close(fd)
	h, err := netlink.NewHandleAt(netns.NsHandle(fd), unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("enter the network of pod %s: %w", r.Pod, err)
	}
	return h, nil
}

// note writes down what each interface has, once for all.
func note(h *netlink.Handle, file string) error {
	links, err := h.LinkList()
	if err != nil {
		return fmt.Errorf("list the interfaces of the pod: %w", err)
	}
	all := []podLink{}
	for _, link := range links {
		if link.Attrs().Flags&net.FlagLoopback != 0 || link.Attrs().Flags&net.FlagUp == 0 {
			continue
		}
		l := podLink{Name: link.Attrs().Name}
		if l.Addresses, err = h.AddrList(link, netlink.FAMILY_ALL); err != nil {
			return fmt.Errorf("list the addresses of %s: %w", l.Name, err)
		}
		routes, err := h.RouteList(link, netlink.FAMILY_ALL)
		if err != nil {
			return fmt.Errorf("list the routes of %s: %w", l.Name, err)
		}
		for _, r := range routes {
			if r.Protocol != unix.RTPROT_KERNEL { // those come with the addresses
				l.Routes = append(l.Routes, r)
			}
		}
		all = append(all, l)
	}
	data, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return replaceFile(file, data)
}

// putBack gives each interface what was noted of it, as far as it is gone, and
// reports whether anything was noted.
func putBack(h *netlink.Handle, file string) (noted bool, err error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	var all []podLink
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		return true, fmt.Errorf("read what the pod's network was: %w", err)
	}
	var errs []error
	for _, l := range all {
		if err := l.putBack(h); err != nil {
			errs = append(errs, fmt.Errorf("put %s of the pod back: %w", l.Name, err))
		}
	}
	return true, errors.Join(errs...)
}

func (l podLink) putBack(h *netlink.Handle) error {
	link, err := h.LinkByName(l.Name)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		return nil // the engine has taken it away
	}
	if err != nil {
		return err
	}
	for _, a := range l.Addresses {
		a.Flags |= unix.IFA_F_NODAD // it is the pod's: nobody else may have it
		if err := h.AddrReplace(link, &a); err != nil {
			return fmt.Errorf("address %s: %w", a.IPNet, err)
		}
	}
	// Gateways are reached by routes that need none.
	for _, behind := range []bool{false, true} {
		for _, r := range l.Routes {
			if (r.Gw != nil) != behind {
				continue
			}
			r.LinkIndex = link.Attrs().Index
			if err := h.RouteReplace(&r); err != nil {
				return fmt.Errorf("route %s: %w", r, err)
			}
		}
	}
	return nil
}
