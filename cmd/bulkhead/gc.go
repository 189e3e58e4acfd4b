package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/runtime"
)

func gcCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "gc [--dry-run]",
		Short: "removes what killed engines and shims left on the node",
		Long: `Removes records, cgroups and delegate state of containers that are gone: their
process is dead and their engine has removed their bundle. An engine removes a
container's traces itself; this is for the night when it was killed too. A
tenant's broken glass whose time has passed goes as well. Only this
installation's own are looked at.`,
		Example: "  bulkhead gc --dry-run",
		Args:    between(0, 0),
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would be removed, and remove nothing")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		rt := runtime.New(here(), runtime.Execute)
		found, err := rt.Leftovers()
		if err != nil {
			return err
		}
		var errs []error
		for _, l := range found {
			verb := "would be removed"
			if !dryRun {
				if err := l.Remove(cmd.Context()); err != nil {
					errs = append(errs, err)
					continue
				}
				verb = "removed"
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s %s %s\n", l.Kind, l.Name, verb)
		}
		if !dryRun { // an empty parent is what a kill in the middle of a release leaves
			errs = append(errs, rt.ReleaseBase())
		}
		return errors.Join(errs...)
	}
	return cmd
}
