// Fairness measures how two tenants that both want all of the CPU split it:
// under Bulkhead, beside the ideal and the stock shim, on a private containerd.
// It takes everything away again, also when it is interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// No round begins that would, by what the longest one took, end after the budget;
// and there are no more rounds than are needed for a median.
const (
	budget   = 220 * time.Second
	most     = 5
	patience = 240 * time.Second
)

func main() { node.Program("fairness", patience, run) }

func run(ctx context.Context) (err error) {
	engine, err := node.Built()
	if err != nil {
		return err
	}
	begin := time.Now()
	progress("starting a private %s", engine.Name)
	n, err := node.Start(ctx, engine)
	if err != nil {
		return err
	}
	defer func() {
		progress("cleaning up")
		if ctx.Err() != nil { // what was under way is still there
			err = errors.Join(fmt.Errorf("interrupted: %w", ctx.Err()), n.Remove())
			return
		}
		err = errors.Join(err, n.Close())
	}()
	results := make(results)
	var longest time.Duration
	for round := 1; round <= most && time.Since(begin)+longest < budget; round++ {
		started := time.Now()
		for _, r := range races {
			for _, shim := range shims {
				progress("round %d, %s: %s", round, r.title, shim.title)
				percent, err := r.run(ctx, n, shim.runtime)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", r.title, shim.title, err)
				}
				results.add(r, shim, percent)
			}
		}
		longest = max(longest, time.Since(started))
	}
	results.print(os.Stdout, engine)
	return nil
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "· "+format+"\n", args...) }
