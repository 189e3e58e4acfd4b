package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/runtime/doctor"
)

func doctorCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "doctor [-o json]",
		Short: "says what this node can enforce, and what it cannot",
		Long: `Looks at what the node's kernel, engines and delegates can do and how they are set
up, and at ways around Bulkhead that are open, and says of each finding what it means
for tenants and how to get what is missing. A note is what no policy needs today.

Engines are those that run, found by their processes, or else those installed where
programs are; they and the delegates are asked for their version.

Exit codes: 0 nothing is missing, 1 findings (warn, fail), 2 could not look.`,
		Annotations: couldNotLook,
		Example:     "  bulkhead doctor",
		Args:        between(0, 0),
	}
	jsonFlag(cmd, &output)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		node, err := doctor.Look(runtime.New(here(), runtime.Execute))
		if err != nil {
			return err
		}
		results, err := doctor.Run(cmd.Context(), node)
		if output == "json" {
			if err := printJSON(cmd.OutOrStdout(), results); err != nil {
				return err
			}
		} else {
			showResults(cmd.OutOrStdout(), results)
		}
		if err == nil && slices.ContainsFunc(results, func(r doctor.Result) bool { return r.Level == doctor.Warning || r.Level == doctor.Failure }) {
			err = errFinding
		}
		return err
	}
	return cmd
}

var marks = map[doctor.Level]string{doctor.OK: "ok  ", doctor.Note: "note", doctor.Warning: "warn", doctor.Failure: "fail"}

// showResults prints a line a result; below a finding, what it means and how to
// get what is missing.
func showResults(w io.Writer, results []doctor.Result) {
	for _, r := range results {
		what := r.What
		if !strings.HasPrefix(what, r.Check+" ") {
			what = r.Check + ": " + what
		}
		fmt.Fprintf(w, "%s  %s\n", marks[r.Level], what)
		if r.Means != "" {
			fmt.Fprintf(w, "      means: %s\n", r.Means)
		}
		if r.Fix != "" {
			fmt.Fprintf(w, "      to have it: %s\n", r.Fix)
		}
	}
}
