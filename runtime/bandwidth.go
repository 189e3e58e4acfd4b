package runtime

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/hooks/network/bandwidth"
	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

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

// bound makes the limits hold for containers of one family whose interfaces' ends
// are in one namespace, and remembers their numbers. If one is starting, the
// family may have others, which stay as they are.
//
// Preconditions: the locks of those tenants whose records get a number, and the
// network's, are held.
func (rt *Runtime) bound(st policies, node *bandwidth.Node, of []*record.Record, starting *record.Record) error {
	line, err := rt.lineOf(st, of[0])
	if err != nil {
		return err
	}
	outermost := line[0].Name
	was := map[*record.Record]record.Bandwidth{}
	for _, r := range of {
		was[r] = *r.Bandwidth
	}
	if err := rt.number(node, outermost, of); err != nil {
		return err
	}
	f := shape.Family{Installation: rt.root.Installation()}
	var leaves []bandwidth.Leaf
	for _, r := range of {
		// First what is remembered, so that it is found whatever happens next.
		changed := r.Bandwidth.Leaf != was[r].Leaf || r.Bandwidth.Outermost != was[r].Outermost
		if changed {
			if err := record.Save(rt.root, r); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		line, err := rt.lineOf(st, r)
		if err != nil {
			return err
		}
		f.Tenants = withLine(f.Tenants, line)
		if slices.ContainsFunc(leaves, func(l bandwidth.Leaf) bool { return l.Number == r.Bandwidth.Leaf }) {
			continue // in another's network namespace
		}
		l := bandwidth.Leaf{Number: r.Bandwidth.Leaf, Tenant: r.Tenant, New: r == starting || changed}
		for _, e := range r.Bandwidth.Ends {
			l.Ends = append(l.Ends, bandwidth.End(e))
		}
		leaves = append(leaves, l)
	}
	if err := node.Bound(f, leaves, starting != nil); err != nil {
		return fmt.Errorf("bound the bandwidth of tenant %s: %w", outermost, err)
	}
	return nil
}

// number gives those a number that have none in the family: the same to all in
// one network namespace.
func (rt *Runtime) number(node *bandwidth.Node, outermost string, of []*record.Record) error {
	there, err := node.Numbers(rt.root.Installation(), outermost)
	if err != nil {
		return err
	}
	numbers := map[record.Namespace]uint16{}
	for _, r := range of {
		if r.Bandwidth.Outermost == outermost {
			network, _ := r.NetworkNamespace()
			numbers[network] = r.Bandwidth.Leaf
			there = append(there, r.Bandwidth.Leaf)
		}
	}
	for _, r := range of {
		network, _ := r.NetworkNamespace()
		number, known := numbers[network]
		if !known {
			number, err = shape.Number(r.Scope+"/"+r.ID, func(n uint16) bool { return slices.Contains(there, n) })
			if err != nil {
				return err
			}
			numbers[network], there = number, append(there, number)
		}
		b := *r.Bandwidth
		b.Leaf, b.Outermost = number, outermost
		r.Bandwidth = &b
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
