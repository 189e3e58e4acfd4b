package runtime

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Seen is what stands around a container's network.
type Seen struct {
	Stands     bool // all of it, as far as names say
	Interfaces []facts.Interface
	Dropped    map[network.Reason]nft.Counted
	Bandwidth  *Bounded // nil: not bounded
}

// Walls looks at those around a container's network, which may be another's of
// its tenant that has the same. Nil: it has none.
func (rt *Runtime) Walls(r *record.Record) (*Seen, error) {
	if inside, ok := r.NetworkNamespace(); ok && r.Network == nil {
		other, err := rt.sharing(r, inside)
		if err != nil {
			return nil, err
		}
		if other != nil {
			r = other
		}
	}
	if r.Network == nil {
		return nil, nil
	}
	s := &Seen{Interfaces: r.Network.Interfaces}
	err := rt.lookAt(r.Network, func() error {
		standing, err := network.Standing(rt.root.Installation())
		if err != nil {
			return err
		}
		s.Stands = slices.Contains(standing, rt.wallsName(r).Key())
		if s.Dropped, err = network.Drops(rt.wallsName(r)); err != nil {
			return err
		}
		s.Bandwidth, err = rt.bounds(r.Network)
		return err
	})
	return s, err
}

// lookAt runs f where a container's walls stand, and changes nothing there.
func (rt *Runtime) lookAt(n *record.Network, f func() error) error {
	ns, err := beyond(n)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // they went with it
	}
	if err != nil {
		return err
	}
	defer ns.Close()
	return namespace.In(int(ns.Fd()), f)
}

// WallsPlanned are those that a policy gives a container, in the syntax of nft:
// around the interfaces that it has, or, where none is known of, around an
// example; and the guard, in the container's own network namespace.
func (rt *Runtime) WallsPlanned(c Caller, p *tenant.Policy, node *tenant.Node) (walls, guard string, example bool, err error) {
	r, err := record.Load(rt.root, c.Scope(), c.ID)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", "", false, err
	}
	f := network.Facts{
		Name:       network.Name{Installation: rt.root.Installation(), Tenant: p.Name, Scope: c.Scope(), ID: c.ID},
		Interfaces: []facts.Interface{exampleInterface},
	}
	if r != nil && r.Network != nil {
		f.Interfaces = r.Network.Interfaces
	}
	return network.Walls(p, node, f).String(), guardPlanned(p, f.Interfaces), r == nil || r.Network == nil, nil
}

// exampleInterface is of a container on a bridge, with numbers for
// documentation (RFC 5737, 3849, 9542).
var exampleInterface = facts.Interface{
	Inside: "eth0", Index: 2, Kind: "veth", MAC: net.HardwareAddr{0, 0, 0x5e, 0, 0x53, 2}, Host: "veth0", HostIndex: 2,
	Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("fe80::200:5eff:fe00:5302")},
	Gateways:  []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")},
	Bridge: &facts.Bridge{
		Name: "br0", MAC: net.HardwareAddr{0, 0, 0x5e, 0, 0x53, 1},
		Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")},
	},
}

// NetworkDropped is how many packets walls dropped for a reason.
func NetworkDropped(why network.Reason) cgroup.Figure {
	return cgroup.Figure(droppedBegins + string(why) + droppedEnds)
}

const droppedBegins, droppedEnds = "network_dropped_", "_packets_total"

// WhyDropped is the reason of a figure that NetworkDropped named.
func WhyDropped(f cgroup.Figure) (network.Reason, bool) {
	rest, begins := strings.CutPrefix(string(f), droppedBegins)
	why, ends := strings.CutSuffix(rest, droppedEnds)
	return network.Reason(why), begins && ends
}

// dropped reads what the walls of containers dropped, by the place that a meter
// knows them by. Each network namespace is looked at once.
func (rt *Runtime) dropped(records []*record.Record) (map[string]cgroup.Stats, error) {
	stats := map[string]cgroup.Stats{}
	looked := map[record.Namespace]map[string]map[network.Reason]nft.Counted{}
	var errs []error
	for _, r := range records {
		if r.Network == nil {
			continue
		}
		all, ok := looked[r.Network.Outside]
		if !ok {
			errs = append(errs, rt.lookAt(r.Network, func() (err error) {
				all, err = network.Dropped(rt.root.Installation())
				return err
			}))
			looked[r.Network.Outside] = all
		}
		figures := map[cgroup.Figure]float64{}
		for why, n := range all[rt.wallsName(r).Key()] {
			figures[NetworkDropped(why)] = float64(n.Packets)
		}
		if len(figures) > 0 {
			stats[rt.wallsPlace(r)] = cgroup.Stats{ID: counted, Figures: figures}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return stats, fmt.Errorf("read what walls dropped: %w", err)
	}
	return stats, nil
}

func (rt *Runtime) wallsPlace(r *record.Record) string { return "walls " + rt.wallsName(r).Key() }

// verifyWalls reports walls that are recorded and do not stand. Those of a
// network that several share are the container's that they were raised for.
func (rt *Runtime) verifyWalls(r *record.Record) ([]Finding, error) {
	if r.Network == nil {
		return nil, nil
	}
	seen, err := rt.Walls(r)
	if err != nil || seen.Stands {
		return nil, err
	}
	return []Finding{{Tenant: r.Tenant, Container: nameOf(r), Field: "walls", Got: "gone", Want: "around its network", Mend: byApply}}, nil
}
