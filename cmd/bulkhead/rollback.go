package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

func rollbackCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rollback [VERSION]",
		Short: "puts an earlier version of the policy in force again",
		Long: `Puts a version of the policy in force again, with all its objects and
exemptions: the one whose name begins with VERSION, or the one before the
current. Another rollback goes back to where it began.`,
		Example:           "  bulkhead history\n  bulkhead rollback 3fa9",
		Args:              between(0, 1),
		ValidArgsFunction: completeVersions,
		RunE: func(cmd *cobra.Command, args []string) error {
			prefix := ""
			if len(args) == 1 {
				prefix = args[0]
			}
			before, err := compile.Load(here())
			if err != nil {
				return err
			}
			version, changed, err := compile.Rollback(here(), prefix, entry())
			if err != nil {
				return err
			}
			if !changed {
				fmt.Fprintf(cmd.OutOrStdout(), "version %s is in force already\n", short(version))
				return nil
			}
			fmt.Fprintf(cmd.OutOrStdout(), "version %s is in force\n", short(version))
			if err := showRollback(cmd, before, version); err != nil {
				return err
			}
			if err := enliven(cmd.Context(), cmd, false); err != nil {
				return fmt.Errorf("the policy is in force, but not for all that runs: %w", err)
			}
			return nil
		},
	}
}

// showRollback prints what the version's objects changed. It compiles nothing:
// a version stays usable when what is written in it no longer would be.
func showRollback(cmd *cobra.Command, before []*compile.Object, version string) error {
	st, err := tenant.OpenVersion(here(), version)
	if err != nil {
		return err
	}
	after, err := compile.LoadVersion(st)
	if err != nil {
		return err
	}
	old := byRef(before)
	for _, o := range after {
		if verb := became(old, o); verb != "unchanged" {
			fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", o.Ref(), verb)
		}
	}
	showGone(cmd.OutOrStdout(), before, after, "deleted")
	return nil
}
