package main

import (
	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

func applyCommand() *cobra.Command {
	var prune, dryRun bool
	cmd := &cobra.Command{
		Use:   "apply -f PATH... [--prune] [--dry-run]",
		Short: "puts tenants and the node's policy in force",
		Long: `Puts the objects of files in force. Only what the files name is touched.

Everything in force is checked together and swapped in as one new version: a
mistake, or a crash, leaves the version before. Applying what is in force
already makes no new version.`,
		Example: "  bulkhead apply -f acme.yaml\n  bulkhead apply -f policy/ --prune --dry-run",
	}
	paths := files(cmd)
	cmd.Flags().BoolVar(&prune, "prune", false, "remove every object that the files do not name")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would change, and change nothing")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		named, err := readAll(cmd, append(*paths, args...))
		if err != nil {
			return err
		}
		if dryRun {
			return applyDry(cmd, named, prune)
		}
		e, err := compile.Edit(here(), entry(), merge(named, prune), fitsWhatRuns)
		if err != nil {
			return err
		}
		if err := enlivenOrBack(cmd, e); err != nil {
			return err
		}
		showChanges(cmd.OutOrStdout(), e, named, "")
		showWarnings(cmd.ErrOrStderr(), e, named)
		return nil
	}
	return cmd
}

func applyDry(cmd *cobra.Command, named []*compile.Object, prune bool) error {
	e, err := compile.Plan(here(), merge(named, prune))
	if err != nil {
		return err
	}
	showDiff(cmd.OutOrStdout(), e)
	showChanges(cmd.OutOrStdout(), e, named, " (dry run)")
	showWarnings(cmd.ErrOrStderr(), e, named)
	return fitsWhatRuns(e)
}
