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

// Alone is a tenant with so many containers.
func Alone(t shape.Tenant, containers int) shape.Family {
	f := shape.Family{Tenants: []shape.Tenant{t}}
	for i := range containers {
		f.Leaves = append(f.Leaves, shape.Leaf{Number: uint16(i + 1), Tenant: t.Name})
	}
	return f
}

// Bound bounds a family whose leaves are the hosts, in this order, or changes its
// limits; with no leaves, nothing bounds it any more. It returns where the packets
// of each host wait.
func (l *Lab) Bound(ctx context.Context, f shape.Family, hosts ...*Host) ([]shape.Shape, error) {
	have, err := shape.Read(l.Node.handle, f)
	if err != nil {
		return nil, err
	}
	want, err := f.Tree(have)
	if err != nil {
		return nil, err
	}
	plan := shape.Change(have, want)
	if err := shape.Apply(l.Node.handle, plan.Grow); err != nil {
		return nil, err
	}
	for name, r := range l.rules {
		if r.Device == f.Device() {
			delete(l.rules, name)
		}
	}
	var shapes []shape.Shape
	for i, leaf := range f.Leaves {
		s := f.Shape(leaf)
		if s.Device != "" {
			l.rules[hosts[i].Interface] = rule{s}
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

// Traffic is what passed the classes of an outermost tenant's device.
func (l *Lab) Traffic(tenant string) (map[uint32]shape.Traffic, error) {
	return shape.ReadTraffic(l.Node.handle, "", tenant)
}
