package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
	"github.com/bulkhead-dev/bulkhead/integration/bandwidth"
)

const (
	overheadRuns = 10
	overheadWall = 3 * time.Second
	farAbove     = 200_000_000_000
)

// overhead compares the throughput of who is not held back.
func overhead(ctx context.Context, probe string) (err error) {
	l, err := bandwidth.New()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	container, err := l.Add()
	if err != nil {
		return err
	}
	without, with := numbers{}, numbers{}
	way := bandwidth.Flow{From: container, To: l.Far, Protocol: "tcp", Port: 5001}
	for run := 1; run <= overheadRuns; run++ {
		progress("overhead, run %d of %d", run, overheadRuns)
		for _, limit := range []shape.Rate{0, farAbove} {
			if _, err := l.Bound(bandwidth.Alone(shape.Tenant{Name: "acme", Limits: shape.Limits{Egress: limit, Ingress: limit}}, 1), container); err != nil {
				return err
			}
			got, err := way.Goodput(ctx, probe, overheadWall)
			if err != nil {
				return err
			}
			if limit == 0 {
				without = append(without, got)
			} else {
				with = append(with, got)
			}
		}
	}
	r := ratios(with, without)
	fmt.Printf("\nThroughput of a TCP flow that no limit holds back, beside one without walls and limits:\nthe median of %d runs of %v, and the least and the most.\n\n", overheadRuns, overheadWall)
	fmt.Printf("%-32s %-26s %s\n", "a limit far above", r, r.verdict())
	return nil
}
