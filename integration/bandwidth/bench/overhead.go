package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
	"github.com/bulkhead-dev/bulkhead/integration/bandwidth"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

const (
	overheadRuns = 10
	overheadWall = 1500 * time.Millisecond
	overheadAsks = 20_000
	farAbove     = 200_000_000_000
	small        = 64 // bytes of a datagram
)

// arm is what stands around the containers.
type arm string

const (
	nothing arm = "nothing"
	walls   arm = "walls"
	limits  arm = "a limit far above"
)

var arms = []arm{nothing, walls, limits}

// acme is the tenant: without rules, and the node's port that is asked is open.
var acme = &tenant.Policy{Name: "acme", Network: tenant.Network{
	Connections: 65536, ContainerConnections: 16384,
	Host: []tenant.HostService{{Ports: []tenant.PortRange{{Protocol: "TCP", First: 5000, Last: 5001}, {Protocol: "UDP", First: 5001, Last: 5001}}}},
}}

// way is where packets go.
type way struct {
	name     string
	from, to *bandwidth.Host
}

// overhead compares who is not held back with and without what may stand around
// it, on a node that has an engine's rules.
func overhead(ctx context.Context, probe string) (err error) {
	l, err := bandwidth.New()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := l.Engine(ctx); err != nil {
		return err
	}
	var containers []*bandwidth.Host
	for range 2 {
		c, err := l.Add()
		if err != nil {
			return err
		}
		containers = append(containers, c)
	}
	s := surroundings{l, containers}
	fmt.Printf("\nWhat stands around containers that are not held back costs them, beside nothing there:\nthe median of %d runs of %v or %d requests, and the least and the most.\n\n", overheadRuns, overheadWall, overheadAsks)
	fmt.Printf("%-24s %-32s %-18s %-26s %s\n", "to", "what", "around", "", "")
	for _, w := range []way{
		{"another of its tenant", containers[0], containers[1]},
		{"the node", containers[0], l.Gateway()},
		{"elsewhere", containers[0], l.Far},
	} {
		for _, of := range measures {
			if err := s.compare(ctx, probe, w, of); err != nil {
				return fmt.Errorf("%s to %s: %w", of.name, w.name, err)
			}
		}
	}
	return nil
}

// measure is one figure of a way; more is better.
type measure struct {
	name string
	of   func(ctx context.Context, probe string, w way) (float64, error)
}

var measures = []measure{
	{"TCP throughput", func(ctx context.Context, probe string, w way) (float64, error) {
		return bandwidth.Flow{From: w.from, To: w.to, Protocol: "tcp", Port: 5001}.Goodput(ctx, probe, overheadWall)
	}},
	{"UDP throughput", func(ctx context.Context, probe string, w way) (float64, error) {
		return bandwidth.Flow{From: w.from, To: w.to, Protocol: "udp", Port: 5001}.Goodput(ctx, probe, overheadWall)
	}},
	{"TCP bytes a CPU second", func(ctx context.Context, probe string, w way) (float64, error) {
		return carried(ctx, probe, bandwidth.Flow{From: w.from, To: w.to, Protocol: "tcp", Port: 5001})
	}},
	{"64-byte datagrams a CPU second", func(ctx context.Context, probe string, w way) (float64, error) {
		return carried(ctx, probe, bandwidth.Flow{From: w.from, To: w.to, Protocol: "udp", Port: 5001, Write: small})
	}},
	{"requests after another", asked},
}

func carried(ctx context.Context, probe string, f bandwidth.Flow) (float64, error) {
	before, err := deferred()
	if err != nil {
		return 0, err
	}
	c, err := f.Run(ctx, probe, overheadWall)
	if err != nil {
		return 0, err
	}
	after, err := deferred()
	return float64(c.Bytes) / (c.CPU + after - before).Seconds(), err
}

// asked is how many of the median request would be answered in a second.
func asked(ctx context.Context, probe string, w way) (perSecond float64, err error) {
	at := w.to.Address + ":5000"
	answer, err := w.to.Probe(ctx, probe, "answer", at, strconv.FormatInt(longest.Milliseconds(), 10))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, answer.End()) }()
	if _, err := answer.Line("listening"); err != nil {
		return 0, err
	}
	asker, err := w.from.Probe(ctx, probe, "ask", at, strconv.Itoa(overheadAsks))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, asker.End()) }()
	nanoseconds, err := asker.Number("nanoseconds")
	return 1e9 / float64(nanoseconds), err
}

// surroundings of containers change.
type surroundings struct {
	lab        *bandwidth.Lab
	containers []*bandwidth.Host
}

func (s surroundings) put(a arm) error {
	limit := shape.Rate(0)
	if a == limits {
		limit = farAbove
	}
	raise := s.lab.Wall
	if a == nothing {
		raise = s.lab.Raze
	}
	if err := raise(acme, s.containers...); err != nil {
		return err
	}
	_, err := s.lab.Bound(bandwidth.Alone(shape.Tenant{Name: acme.Name, Limits: shape.Limits{Egress: limit, Ingress: limit}}, len(s.containers)), s.containers...)
	return err
}

// compare prints the ratios of one figure of one way.
func (s surroundings) compare(ctx context.Context, probe string, w way, of measure) error {
	got := map[arm]numbers{}
	for run := range overheadRuns {
		progress("overhead, %s to %s, run %d of %d", of.name, w.name, run+1, overheadRuns)
		for i := range arms {
			a := arms[i]
			if run%2 == 1 { // whoever comes first has no advantage
				a = arms[len(arms)-1-i]
			}
			if err := s.put(a); err != nil {
				return err
			}
			n, err := of.of(ctx, probe, w)
			if err != nil {
				return fmt.Errorf("with %s: %w", a, err)
			}
			got[a] = append(got[a], n)
		}
	}
	for _, a := range arms[1:] {
		r := ratios(got[a], got[nothing])
		fmt.Printf("%-24s %-32s %-18s %-26s %s\n", w.name, of.name, a, r, r.verdict())
	}
	return nil
}
