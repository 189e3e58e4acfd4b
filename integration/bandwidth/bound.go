package bandwidth

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
)

// rule sends the packets of an interface to where they wait.
type rule struct{ shape.Shape }

// Bound bounds a tenant whose containers are the hosts, or changes its limits;
// with no hosts, nothing bounds it any more. It returns where the packets of each
// host wait.
func (l *Lab) Bound(ctx context.Context, t shape.Tenant, hosts ...*Host) ([]shape.Shape, error) {
	have, err := shape.Read(l.Node.handle, t.Installation, t.Name)
	if err != nil {
		return nil, err
	}
	var leaves []shape.Leaf
	for i := range hosts {
		leaves = append(leaves, shape.Leaf{Number: uint16(i + 1)})
	}
	plan := shape.Change(have, t.Tree(leaves))
	if err := shape.Apply(l.Node.handle, plan.Grow); err != nil {
		return nil, err
	}
	for name, r := range l.rules {
		if r.Device == shape.Device(t.Installation, t.Name) {
			delete(l.rules, name)
		}
	}
	var shapes []shape.Shape
	for i, h := range hosts {
		s := t.Shape(leaves[i].Number)
		if s.Device != "" {
			l.rules[h.Interface] = rule{s}
		}
		shapes = append(shapes, s)
	}
	if err := l.load(ctx); err != nil {
		return nil, err
	}
	return shapes, shape.Apply(l.Node.handle, plan.Shrink)
}

// load replaces the rules of all interfaces at once.
func (l *Lab) load(ctx context.Context) error {
	var b strings.Builder
	b.WriteString("table netdev lab\ndelete table netdev lab\ntable netdev lab {\n")
	for name, r := range l.rules {
		for _, hook := range []struct {
			name  string
			class uint32
		}{{"ingress", r.Up}, {"egress", r.Down}} {
			if hook.class != 0 {
				fmt.Fprintf(&b, "chain %s-%s {\n type filter hook %s device \"%s\" priority 0; policy accept;\n meta priority set %s fwd to \"%s\"\n}\n",
					name, hook.name, hook.name, name, shape.Class(hook.class), r.Device)
			}
		}
	}
	b.WriteString("}\n")
	cmd := exec.CommandContext(ctx, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(b.String())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := l.Node.do(cmd.Run); err != nil {
		return fmt.Errorf("nft: %w\n%s%s", err, out.String(), b.String())
	}
	return nil
}

// Traffic is what passed the classes of a tenant.
func (l *Lab) Traffic(tenant string) (map[uint32]shape.Traffic, error) {
	return shape.ReadTraffic(l.Node.handle, "", tenant)
}
