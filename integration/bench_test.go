package integration

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// BenchmarkStart runs a container to its end and deletes it, under the stock
// shim and under Bulkhead in turn, so that what else the machine does hits both.
// It reports medians in milliseconds and their ratio.
func BenchmarkStart(b *testing.B) {
	for _, n := range nodes {
		b.Run(n.Engine.Name, func(b *testing.B) {
			ctx := context.Background()
			if err := n.Apply(ctx, node.Policy{Tenants: map[string]string{"acme": `limits: {cpu: "1", memory: 256Mi}`}}); err != nil {
				b.Fatal(err)
			}
			times := map[string][]time.Duration{}
			for b.Loop() {
				for _, shim := range []string{node.Stock, node.Bulkhead} {
					begin := time.Now()
					c, err := n.Run(ctx, node.Run{Namespace: n.Namespace("acme"), Runtime: shim, Args: []string{"true"}})
					if err != nil {
						b.Fatal(err)
					}
					if _, err := c.Wait(ctx); err != nil {
						b.Fatal(err)
					}
					if err := c.Delete(ctx); err != nil {
						b.Fatal(err)
					}
					times[shim] = append(times[shim], time.Since(begin))
				}
			}
			stock, ours := median(times[node.Stock]), median(times[node.Bulkhead])
			b.ReportMetric(0, "ns/op") // the sum of both says nothing
			b.ReportMetric(stock, "stock-ms")
			b.ReportMetric(ours, "bulkhead-ms")
			b.ReportMetric(ours/stock, "ratio")
		})
	}
}

func median(times []time.Duration) float64 {
	slices.Sort(times)
	return float64(times[len(times)/2].Microseconds()) / 1000
}
