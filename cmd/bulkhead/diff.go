package main

import (
	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

func diffCommand() *cobra.Command {
	var prune bool
	cmd := &cobra.Command{
		Use:   "diff -f PATH... [--prune]",
		Short: "shows how files differ from what is in force",
		Long: `Shows what apply would change, as a unified diff.

Exit codes: 0 same, 1 differs, 2 could not look.`,
		Annotations: couldNotLook,
		Example:     "  bulkhead diff -f policy/",
	}
	paths := files(cmd)
	cmd.Flags().BoolVar(&prune, "prune", false, "as apply --prune")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		named, err := readAll(cmd, append(*paths, args...))
		if err != nil {
			return err
		}
		e, err := compile.Plan(here(), merge(named, prune))
		if err != nil {
			return err
		}
		if showDiff(cmd.OutOrStdout(), e) {
			return errFinding
		}
		return nil
	}
	return cmd
}
