package main

import (
	"context"
	"fmt"

	"github.com/containerd/containerd/v2/pkg/oci"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// A subject is one column of the table: whose containers, under which shim.
type subject struct {
	title   string
	tenant  string
	runtime string
}

var subjects = []subject{
	{"tenant acme", "acme", node.Bulkhead},
	{"tenant umbrella", "umbrella", node.Bulkhead},
	{"the stock shim", "acme", node.Stock},
}

// An attempt is one row: something that a container is, or tries.
type attempt struct {
	section, title string
	try            func(ctx context.Context, n *node.Node, s subject) (string, error)
}

// show makes every attempt for every subject.
func show(ctx context.Context, n *node.Node) (*table, error) {
	t := newTable(subjects)
	for _, a := range attempts {
		progress("%s: %s", a.section, a.title)
		var cells []string
		for _, s := range subjects {
			cell, err := a.try(ctx, n, s)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", s.title, a.title, err)
			}
			cells = append(cells, cell)
		}
		t.add(a.section, a.title, cells)
	}
	return t, nil
}

// container says what to start for a subject. The user is not root, as level
// restricted wants it.
func (s subject) container(n *node.Node, args ...string) node.Run {
	return node.Run{
		Namespace: n.Namespace(s.tenant), Runtime: s.runtime, Args: args,
		Spec: []oci.SpecOpts{oci.WithUserID(1000)},
	}
}

// with runs see on a container that sleeps meanwhile.
func (s subject) with(ctx context.Context, n *node.Node, see func(*node.Container) (string, error)) (string, error) {
	c, err := n.Run(ctx, s.container(n, "sleep", "60"))
	if err != nil {
		return "", err
	}
	cell, err := see(c)
	if err := c.Delete(ctx); err != nil {
		return "", err
	}
	return cell, err
}
