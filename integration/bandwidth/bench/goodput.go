package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
	"github.com/bulkhead-dev/bulkhead/integration/bandwidth"
)

// A flow is one row of the table: all of a tenant's traffic in one direction.
type flow struct {
	limit     shape.Rate
	protocol  string
	direction string
}

const (
	goodputRuns = 3
	goodputWall = 20 * time.Second
)

// Those up to fast run at once, each of a tenant of its own. Together they need
// less of the machine than one of the fastest.
const fast = 100_000_000

func goodput(ctx context.Context, probe string) error {
	var flows []flow
	for _, limit := range []shape.Rate{1e6, 1e7, 1e8, 1e9} {
		for _, protocol := range []string{"tcp", "udp"} {
			for _, direction := range []string{"sent", "received"} {
				flows = append(flows, flow{limit, protocol, direction})
			}
		}
	}
	parts := map[flow]numbers{}
	for run := 1; run <= goodputRuns; run++ {
		var mu sync.Mutex // guards parts and errs
		var errs []error
		measure := func(f flow) {
			part, err := f.run(ctx, probe)
			mu.Lock()
			defer mu.Unlock()
			parts[f], errs = append(parts[f], part), append(errs, err)
		}
		progress("goodput, run %d of %d: up to %d Mbit/s", run, goodputRuns, fast/1_000_000)
		var all sync.WaitGroup
		for _, f := range flows {
			if f.limit <= fast {
				all.Go(func() { measure(f) })
			}
		}
		all.Wait()
		for _, f := range flows {
			if f.limit > fast {
				progress("goodput, run %d of %d: %s %s at %d Mbit/s", run, goodputRuns, f.protocol, f.direction, f.limit/1_000_000)
				measure(f)
			}
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	fmt.Printf("\nGoodput of a flow that its tenant's limit bounds, as a part of limit × payload/frame:\nthe median of %d runs of %v, and the least and the most.\n\n", goodputRuns, goodputWall)
	fmt.Printf("%-14s %-22s %-22s %-22s %s\n", "limit", "TCP sent", "TCP received", "UDP sent", "UDP received")
	for i := 0; i < len(flows); i += 4 {
		fmt.Printf("%5d Mbit/s   %-22s %-22s %-22s %s\n", flows[i].limit/1_000_000, parts[flows[i]], parts[flows[i+1]], parts[flows[i+2]], parts[flows[i+3]])
	}
	return nil
}

func (f flow) run(ctx context.Context, probe string) (part float64, err error) {
	l, err := bandwidth.New()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	container, err := l.Add()
	if err != nil {
		return 0, err
	}
	if _, err := l.Bound(bandwidth.Alone(shape.Tenant{Name: "acme", Limits: shape.Limits{Egress: f.limit, Ingress: f.limit}}, 1), container); err != nil {
		return 0, err
	}
	// Somewhat more than is let through: a flood at full speed would measure how
	// the processes share the CPUs.
	way := bandwidth.Flow{From: container, To: l.Far, Protocol: f.protocol, Port: 5001, Offer: int(f.limit / 5 * 6)}
	if f.direction == "received" {
		way.From, way.To = way.To, way.From
	}
	got, err := way.Goodput(ctx, probe, goodputWall)
	return got / (float64(f.limit) * bandwidth.Payload[f.protocol]), err
}
