// Bench measures what flows carry that a limit bounds, what a tenant that floods
// within its limit costs another one's small requests, and what walls and limits
// cost who does not reach them. Everything is in network namespaces of its own,
// which end with it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

const patience = 20 * time.Minute

// tables are all, or those that the arguments name.
var tables = []struct {
	name    string
	measure func(ctx context.Context, probe string) error
}{{"goodput", goodput}, {"latency", latency}, {"overhead", overhead}}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if os.Getuid() != 0 {
		fmt.Fprintln(os.Stderr, "bench-network: makes network namespaces, which needs root; run it with sudo")
		os.Exit(1)
	}
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "bench-network: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	probe, err := filepath.Abs("bin/probe")
	if err != nil {
		return err
	}
	for _, table := range tables {
		if len(os.Args) > 1 && !slices.Contains(os.Args[1:], table.name) {
			continue
		}
		if err := table.measure(ctx, probe); err != nil {
			return err
		}
	}
	return nil
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "· "+format+"\n", args...) }
