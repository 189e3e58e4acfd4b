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
	"strings"
	"syscall"
	"time"
)

const patience = 20 * time.Minute

// A table is measured by itself. All are, or those that the arguments name.
type table struct {
	name    string
	takes   time.Duration // about, where nothing else runs
	measure func(ctx context.Context, probe string) error
}

var tables = []table{{"goodput", 6 * time.Minute, goodput}, {"latency", 2 * time.Minute, latency}, {"overhead", 6 * time.Minute, overhead}}

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
	chosen := slices.Clone(tables)
	var names []string
	for _, table := range tables {
		names = append(names, table.name)
	}
	for _, name := range os.Args[1:] {
		if !slices.Contains(names, name) {
			return fmt.Errorf("there is no table %q; want some of %s", name, strings.Join(names, ", "))
		}
		chosen = slices.DeleteFunc(slices.Clone(tables), func(t table) bool { return !slices.Contains(os.Args[1:], t.name) })
	}
	var takes time.Duration
	for _, t := range chosen {
		takes += t.takes
	}
	progress("this takes about %d minutes", int(takes.Minutes()))
	for _, table := range chosen {
		if err := table.measure(ctx, probe); err != nil {
			return err
		}
	}
	return nil
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "· "+format+"\n", args...) }
