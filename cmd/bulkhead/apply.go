package main

import (
	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

func applyCommand() *cobra.Command {
	var prune, dryRun, squeeze bool
	cmd := &cobra.Command{
		Use:   "apply -f PATH... [--prune] [--squeeze] [--dry-run]",
		Short: "puts tenants and the node's policy in force",
		Long: `Puts the objects of files in force. Only what the files name is touched.

Everything in force is checked together and swapped in as one new version: a
mistake, or a crash, leaves the version before. Applying what is in force
already makes no new version, and mends limits that somebody else has changed.

What runs gets its new limits at once: all of a tenant's or, when one cannot be
set, none of the apply. A limit below what a tenant uses is refused. With
--squeeze the kernel reclaims memory for it first, for at most 10 s a tenant;
nothing is killed, and what cannot be reclaimed still refuses the apply.

A dry run shows besides what would become of every running container if its
engine asked for it again.`,
		Example: "  bulkhead apply -f acme.yaml\n  bulkhead apply -f policy/ --prune --dry-run",
	}
	paths := files(cmd)
	cmd.Flags().BoolVar(&prune, "prune", false, "remove every object that the files do not name")
	cmd.Flags().BoolVar(&squeeze, "squeeze", false, "reclaim memory for a limit below what is in use")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would change, and change nothing")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		named, err := readAll(cmd, append(*paths, args...))
		if err != nil {
			return err
		}
		if dryRun {
			return applyDry(cmd, named, prune, squeeze)
		}
		e, err := compile.Edit(here(), entry(), merge(named, prune), fitsWhatRuns(squeeze))
		if err != nil {
			return err
		}
		if err := enlivenOrBack(cmd, e, squeeze); err != nil {
			return err
		}
		showChanges(cmd.OutOrStdout(), e, named, "")
		showWarnings(cmd.ErrOrStderr(), e, named)
		return showNotes(cmd.ErrOrStderr(), e, named)
	}
	return cmd
}

func applyDry(cmd *cobra.Command, named []*compile.Object, prune, squeeze bool) error {
	e, err := compile.Plan(here(), merge(named, prune))
	if err != nil {
		return err
	}
	showDiff(cmd.OutOrStdout(), e)
	showChanges(cmd.OutOrStdout(), e, named, " (dry run)")
	showWarnings(cmd.ErrOrStderr(), e, named)
	if err := showNotes(cmd.ErrOrStderr(), e, named); err != nil {
		return err
	}
	if err := replayRunning(cmd.Context(), cmd.OutOrStdout(), e); err != nil {
		return err
	}
	return fitsWhatRuns(squeeze)(e)
}
