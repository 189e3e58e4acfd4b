package runtime

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/bulkhead-dev/bulkhead/hooks/network/bandwidth"
	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Bounded is where a container's packets wait, and what passed there. A direction
// without a limit is nil.
type Bounded struct {
	Device         string
	Sent, Received *shape.Traffic
}

// bounds looks at a container's in the network namespace of the calling thread;
// nil: none.
func (rt *Runtime) bounds(n *record.Network) (*Bounded, error) {
	if n.Leaf == 0 {
		return nil, nil
	}
	node, err := bandwidth.Here()
	if err != nil {
		return nil, err
	}
	defer node.Close()
	sent, received, err := node.Traffic(rt.root.Installation(), known(n))
	if err != nil || sent == nil && received == nil {
		return nil, err
	}
	return &Bounded{shape.Device(rt.root.Installation(), n.Outermost), sent, received}, nil
}

// BandwidthPlanned is what bounds a container's packets by the policies of its
// tenant and of those above it, the outermost first, in the syntax of ip, tc and
// nft: with the interfaces that it has, or an example, and as if the tenant had no
// other container. Empty: nothing does.
func (rt *Runtime) BandwidthPlanned(c Caller, line []*tenant.Policy) (string, error) {
	if !bounded(line) {
		return "", nil
	}
	f := shape.Family{Installation: rt.root.Installation(), Tenants: withLine(nil, line)}
	leaf := bandwidth.Leaf{Tenant: line[len(line)-1].Name, Interfaces: []facts.Interface{exampleInterface}}
	r, err := record.Load(rt.root, c.Scope(), c.ID)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if r != nil && r.Network != nil {
		leaf.Interfaces, leaf.Number = r.Network.Interfaces, r.Network.Leaf
	}
	if leaf.Number == 0 {
		if leaf.Number, err = shape.Number(c.Scope()+"/"+c.ID, func(uint16) bool { return false }); err != nil {
			return "", err
		}
	}
	steps, rules, err := bandwidth.First(f, leaf)
	var b strings.Builder
	for _, s := range steps {
		b.WriteString(s.String() + "\n")
	}
	return b.String() + rules.String(), err
}
