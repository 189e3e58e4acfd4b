package node

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Program is the main function of one that starts nodes: it runs until it is
// done, interrupted, or out of patience, and says why it failed.
func Program(name string, patience time.Duration, run func(context.Context) error) {
	Main()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if os.Getuid() != 0 {
		fmt.Fprintf(os.Stderr, "%s: starts containers, which needs root; run it with sudo\n", name)
		os.Exit(1)
	}
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}
