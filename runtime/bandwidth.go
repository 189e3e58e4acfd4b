package runtime

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/hooks/network/bandwidth"
	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Bound makes the limits of bandwidth hold for a container that has its
// interfaces and does not run yet. An error keeps it from starting. A container
// that joins another's network namespace has what that has.
func (rt *Runtime) Bound(scope, id string) error {
	r, err := record.Load(rt.root, scope, id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	network, known := r.NetworkNamespace()
	if !r.Enforced || r.Pid == 0 || !known || isHost(network) {
		return nil
	}
	st, err := tenant.Open(rt.root)
	if err != nil {
		return err
	}
	line, err := rt.lineOf(st, r)
	if err != nil {
		return err
	}
	return rt.tree.Locked(append(names(line), r.Tenant), func() error {
		return rt.tree.LockedNetwork(func() error { return rt.plugged(st, line, r, network) })
	})
}

func names(line []*tenant.Policy) (all []string) {
	for _, p := range line {
		all = append(all, p.Name)
	}
	return all
}

func (rt *Runtime) plugged(st policies, line []*tenant.Policy, r *record.Record, network record.Namespace) error {
	all, err := record.List(rt.root)
	if err != nil {
		return err
	}
	for _, other := range all {
		if n, ok := other.NetworkNamespace(); ok && n == network && other.Bandwidth != nil && other.Alive() && other.ID != r.ID {
			r.Bandwidth = other.Bandwidth
			return record.Save(rt.root, r)
		}
	}
	node, err := bandwidth.Open("/proc/self/ns/net")
	if err != nil {
		return err
	}
	defer node.Close()
	if r.Bandwidth, err = ends(node, r, os.Getpid()); err != nil {
		return err
	}
	var outside []string
	if r.Bandwidth.Ends, outside, err = endsOf(node, r); err != nil {
		return err
	}
	if bounded(line) && len(outside) > 0 && line[len(line)-1].Network.Walls != tenant.WallsPreferred {
		return isolator.Denials{{
			Isolator: "bandwidth", Path: "interface " + strings.Join(outside, ", "),
			Got: "one that has no end on the node", Want: "a veth, whose traffic limits.bandwidth can bound", Allow: "network.walls",
		}}
	}
	// Those that an apply has not moved yet, to another outermost tenant, stay
	// where they are.
	of := slices.DeleteFunc(all, func(o *record.Record) bool {
		return o.Scope == r.Scope && o.ID == r.ID || o.Bandwidth == nil || o.Bandwidth.Outermost != line[0].Name
	})
	return rt.bound(st, node, r.Bandwidth.Node, line[0].Name, append(of, r), r)
}

// ends identifies the namespace that a process is in, which the other ends of the
// container's interfaces are in.
func ends(node *bandwidth.Node, r *record.Record, shim int) (*record.Bandwidth, error) {
	b := &record.Bandwidth{Shim: shim}
	var err error
	if b.Node, err = namespaceOf(shim, specs.NetworkNamespace); err != nil {
		return nil, err
	}
	if !node.Is(b.Node.Device, b.Node.Inode) {
		return nil, fmt.Errorf("process %d is in another network namespace", shim)
	}
	b.ShimStartTime, err = record.StartTime(shim)
	return b, err
}

func endsOf(node *bandwidth.Node, r *record.Record) ([]record.End, []string, error) {
	network, _ := r.NetworkNamespace()
	found, outside, err := node.Ends(fmt.Sprintf("/proc/%d/ns/net", r.Pid))
	if err != nil {
		return nil, nil, err
	}
	// The process may have ended while they were read, and its number be another's.
	if now, err := namespaceOf(r.Pid, specs.NetworkNamespace); err != nil || now != network || !r.Alive() {
		return nil, nil, errors.Join(fmt.Errorf("the container's process %d ended", r.Pid), err)
	}
	var all []record.End
	for _, e := range found {
		all = append(all, record.End(e))
	}
	return all, outside, nil
}

// bound makes the limits of a family hold for its containers whose interfaces'
// ends are in one namespace, and remembers their numbers.
//
// Preconditions: the locks of those tenants whose records get a number, and the
// network's, are held.
func (rt *Runtime) bound(st policies, node *bandwidth.Node, at record.Namespace, outermost string, all []*record.Record, starting *record.Record) error {
	f := shape.Family{Installation: rt.root.Installation()}
	var leaves []bandwidth.Leaf
	taken := map[uint16]bool{}
	for _, r := range all {
		if b := r.Bandwidth; b != nil && b.Node == at && b.Outermost == outermost {
			taken[b.Leaf] = true
		}
	}
	seen := map[record.Namespace]uint16{}
	var changed []*record.Record
	for _, r := range all {
		network, ok := r.NetworkNamespace()
		if r.Bandwidth == nil || r.Bandwidth.Node != at || !ok || !r.Enforced {
			continue
		}
		line, err := rt.lineOf(st, r)
		if err != nil {
			return err
		}
		if line[0].Name != outermost {
			continue
		}
		number, again := seen[network]
		if !again {
			if number = r.Bandwidth.Leaf; number == 0 || r.Bandwidth.Outermost != outermost {
				if number, err = shape.Number(r.Scope+"/"+r.ID, func(n uint16) bool { return taken[n] }); err != nil {
					return err
				}
			}
			seen[network], taken[number] = number, true
			l := bandwidth.Leaf{Number: number, Tenant: line[len(line)-1].Name, New: r == starting || r.Bandwidth.Leaf != number}
			for _, e := range r.Bandwidth.Ends {
				l.Ends = append(l.Ends, bandwidth.End(e))
			}
			leaves = append(leaves, l)
			f.Tenants = withLine(f.Tenants, line)
		}
		if r.Bandwidth.Leaf != number || r.Bandwidth.Outermost != outermost {
			b := *r.Bandwidth
			b.Leaf, b.Outermost = number, outermost
			r.Bandwidth = &b
			changed = append(changed, r)
		}
	}
	if len(f.Tenants) == 0 {
		return nil
	}
	// First what is remembered, so that it is found whatever happens next.
	for _, r := range changed {
		if err := record.Save(rt.root, r); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := node.Bound(f, leaves); err != nil {
		return fmt.Errorf("bound the bandwidth of tenant %s: %w", outermost, err)
	}
	return nil
}

// withLine adds the tenants of a line that are not there yet.
func withLine(tenants []shape.Tenant, line []*tenant.Policy) []shape.Tenant {
	parent := ""
	for _, p := range line {
		if !slices.ContainsFunc(tenants, func(t shape.Tenant) bool { return t.Name == p.Name }) {
			tenants = append(tenants, shape.Tenant{
				Name: p.Name, Parent: parent, Limits: limitsOf(p.Network.Bandwidth), Container: limitsOf(p.Network.ContainerBandwidth),
			})
		}
		parent = p.Name
	}
	return tenants
}

func limitsOf(b tenant.Bandwidth) (l shape.Limits) {
	if b.EgressBitsPerSecond != nil {
		l.Egress = shape.Rate(*b.EgressBitsPerSecond)
	}
	if b.IngressBitsPerSecond != nil {
		l.Ingress = shape.Rate(*b.IngressBitsPerSecond)
	}
	return l
}

// bounded reports whether anything bounds the last of a line.
func bounded(line []*tenant.Policy) bool {
	return slices.ContainsFunc(line, func(p *tenant.Policy) bool {
		return limitsOf(p.Network.Bandwidth) != shape.Limits{} || limitsOf(p.Network.ContainerBandwidth) != shape.Limits{}
	})
}

// lineOf are the policies of a container's tenant and of those above it, the
// outermost first. A tenant that the policy no longer has keeps the limits that it
// had at Create.
func (rt *Runtime) lineOf(st policies, r *record.Record) (line []*tenant.Policy, err error) {
	p, err := st.Tenant(r.Tenant)
	if errors.Is(err, fs.ErrNotExist) {
		had, unread := tenant.OpenVersion(rt.root, r.Version)
		if unread != nil {
			return nil, unread
		}
		st = had
		p, err = st.Tenant(r.Tenant)
	}
	if err != nil {
		return nil, fmt.Errorf("tenant %s: %w", r.Tenant, err)
	}
	for _, name := range append(slices.Clone(p.Ancestors), p.Name) {
		a, err := st.Tenant(name)
		if err != nil {
			return nil, fmt.Errorf("tenant %s: %w", name, err)
		}
		line = append(line, a)
	}
	return line, nil
}
