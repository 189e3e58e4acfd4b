package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/containerd/containerd/v2/pkg/oci"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// A side is what one of the two runs: containers that keep four processes a CPU
// busy, each of them.
type side struct {
	tenant     string
	weight     uint64
	containers int
}

// A race is one row: two sides, at once.
type race struct {
	title string
	sides [2]side
}

var races = []race{
	{"weights 1:1", [2]side{{"acme", 100, 1}, {"globex", 100, 1}}},
	{"weights 1:3", [2]side{{"acme", 100, 1}, {"globex", 300, 1}}},
	{"weights 1:10", [2]side{{"acme", 100, 1}, {"globex", 1000, 1}}},
	{"1 container against 20", [2]side{{"acme", 100, 1}, {"globex", 100, 20}}},
}

// ideal is the part of the first side by the weights, in percent.
func (r race) ideal() float64 {
	a, b := float64(r.sides[0].weight), float64(r.sides[1].weight)
	return 100 * a / (a + b)
}

// run returns the part of CPU time that the first side got, in percent.
func (r race) run(ctx context.Context, n *node.Node, shim string) (percent float64, err error) {
	tenants := map[string]string{}
	for _, s := range r.sides {
		tenants[s.tenant] = fmt.Sprintf("weight: %d", s.weight)
	}
	if err := n.Apply(ctx, node.Policy{Tenants: tenants}); err != nil {
		return 0, err
	}
	var sides [2][]*node.Container
	defer func() { err = errors.Join(err, remove(ctx, sides)) }()
	gate := node.NewGate()
	for i, s := range r.sides {
		if sides[i], err = s.start(ctx, n, shim, gate); err != nil {
			return 0, err
		}
	}
	gate.Open()
	for _, c := range slices.Concat(sides[0], sides[1]) {
		if _, err := c.Stdout.Line(ctx, "busy"); err != nil {
			return 0, err
		}
	}
	split, err := node.Measure(ctx, 1, func() (used []time.Duration, err error) {
		for _, containers := range sides {
			var sum time.Duration
			for _, c := range containers {
				u, failed := host.CPUUsed(c.Pid(), 0)
				sum, err = sum+u, errors.Join(err, failed)
			}
			used = append(used, sum)
		}
		return used, err
	})
	if err != nil {
		return 0, err
	}
	return split.Percent[0], nil
}

// start starts the containers of a side. Under the stock shim, which knows no
// tenants, all are beside each other, with the CPU shares that somebody would
// give a container of this weight: docker run --cpu-shares.
func (s side) start(ctx context.Context, n *node.Node, shim string, gate *node.Gate) ([]*node.Container, error) {
	r := node.Run{Namespace: n.Namespace(s.tenant), Runtime: shim, Args: node.Loops(), Stdin: gate}
	if shim == node.Stock {
		r.Namespace = n.Namespace("all")
		r.Spec = []oci.SpecOpts{oci.WithCPUShares(s.weight * 1024 / 100)}
	}
	if _, err := n.Image(ctx, r.Namespace); err != nil {
		return nil, err
	}
	started, errs := make([]*node.Container, s.containers), make([]error, s.containers)
	var all sync.WaitGroup
	for i := range s.containers {
		all.Go(func() { started[i], errs[i] = n.Run(ctx, r) })
	}
	all.Wait()
	return started, errors.Join(errs...)
}

// remove deletes the containers that were started, and waits until nothing of
// them is left.
func remove(ctx context.Context, sides [2][]*node.Container) error {
	var all sync.WaitGroup
	errs := make([][]error, len(sides))
	for i, containers := range sides {
		errs[i] = make([]error, len(containers))
		for j, c := range containers {
			if c != nil {
				all.Go(func() { errs[i][j] = c.Delete(ctx) })
			}
		}
	}
	all.Wait()
	return errors.Join(errors.Join(errs[0]...), errors.Join(errs[1]...))
}
