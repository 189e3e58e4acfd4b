// Command bulkhead is the operator's tool: it applies, shows and explains the
// policy of a node, and what that policy does to a container. Flags in, text
// out; the work is done by the packages below tenant, spec and runtime.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
)

func main() {
	cgroup.GiveCPUs = cgroup.Give
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	cmd, err := rootCommand().ExecuteContextC(ctx)
	stop()
	os.Exit(exitCode(cmd, err))
}

// errFinding is not a failure but an answer of no: diff found a difference,
// preview a denial. It was printed already.
var errFinding = errors.New("a finding")

// couldNotLook marks a verb with findings: 1 is a finding, 2 a failure.
var couldNotLook = map[string]string{"failure": "2"}

// exitCode shows a failure, one "bulkhead: sentence" a line.
func exitCode(cmd *cobra.Command, err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFinding):
		return 1
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(os.Stderr, "bulkhead: "+strings.TrimSuffix(line, "\n"))
	}
	if cmd.Annotations["failure"] == "2" {
		return 2
	}
	return 1
}
