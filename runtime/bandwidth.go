package runtime

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/bulkhead-dev/bulkhead/hooks/network/bandwidth"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// join prepares where the packets of a starting container, or of its new
// interfaces, wait for their bandwidth, and returns the rules that lead them
// there. Others of its family stay as they are.
//
// Preconditions: the locks of its tenant, of those above it, and of the network
// are held, and the calling thread is where its walls stand.
func (rt *Runtime) join(st policies, r *record.Record) (nft.Script, error) {
	line, err := rt.lineOf(st, r)
	if err != nil || !bounded(line) {
		return nil, err
	}
	node, err := bandwidth.Here()
	if err != nil {
		return nil, err
	}
	defer node.Close()
	beside, err := rt.oneOfEach(append(slices.Clone(line[0].Below), line[0].Name), r)
	if err != nil {
		return nil, err
	}
	f, leaves, err := rt.family(st, node, append(beside, r))
	if err != nil {
		return nil, err
	}
	leaves[len(leaves)-1].New = true
	rules, err := node.Join(f, leaves)
	if err != nil {
		err = fmt.Errorf("bound the bandwidth of tenant %s: %w", r.Tenant, err)
	}
	return rules, err
}

// family collects what containers of one outermost tenant have where their
// interfaces' ends are, and gives each a number.
//
// Preconditions: as join's, for those whose records get a number.
func (rt *Runtime) family(st policies, node *bandwidth.Node, of []*record.Record) (f shape.Family, leaves []bandwidth.Leaf, err error) {
	f.Installation = rt.root.Installation()
	for i, r := range of {
		line, err := rt.lineOf(st, r)
		if err != nil {
			return f, nil, err
		}
		f.Tenants = withLine(f.Tenants, line)
		changed, err := rt.number(node, line[0].Name, r, of[:i])
		if err != nil {
			return f, nil, err
		}
		leaves = append(leaves, bandwidth.Leaf{Number: r.Network.Leaf, Tenant: r.Tenant, Interfaces: r.Network.Interfaces, New: changed})
	}
	return f, leaves, nil
}

// number gives one a number that has none in the family, and remembers it before
// anything has it.
func (rt *Runtime) number(node *bandwidth.Node, outermost string, r *record.Record, numbered []*record.Record) (changed bool, err error) {
	if r.Network.Leaf != 0 && r.Network.Outermost == outermost {
		return false, nil
	}
	taken, err := node.Numbers(rt.root.Installation(), outermost)
	if err != nil {
		return false, err
	}
	for _, o := range numbered {
		taken = append(taken, o.Network.Leaf)
	}
	n := *r.Network
	if n.Leaf, err = shape.Number(r.Scope+"/"+r.ID, func(n uint16) bool { return slices.Contains(taken, n) }); err != nil {
		return false, err
	}
	n.Outermost, r.Network = outermost, &n
	if err := record.Save(rt.root, r); !errors.Is(err, fs.ErrNotExist) { // it has just ended
		return true, err
	}
	return true, nil
}

// oneOfEach is a container beside another of each tenant of a family, by which
// the tenant's classes are found. Those that an apply has not moved yet, to
// another outermost tenant, are left out.
func (rt *Runtime) oneOfEach(tenants []string, beside *record.Record) (all []*record.Record, err error) {
	for _, name := range tenants {
		err = errors.Join(err, rt.ofTenant(name, func(r *record.Record) bool {
			n := r.Network
			found := n != nil && n.Leaf != 0 && n.Outermost == tenants[len(tenants)-1] && n.Outside == beside.Network.Outside && (r.Scope != beside.Scope || r.ID != beside.ID)
			if found {
				all = append(all, r)
			}
			return found
		}))
	}
	return all, err
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
