package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

func validateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "validate -f PATH...",
		Short: "checks files without a node",
		Long: `Checks files as apply does, as if they were all that is in force. It needs no
root and looks at no node: for the CI of a repository of policies.`,
		Example: "  bulkhead validate -f policy/",
	}
	paths := files(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		objects, err := readAll(cmd, append(*paths, args...))
		if err != nil {
			return err
		}
		c, err := compile.Compile(objects)
		if err != nil {
			return err
		}
		for _, o := range objects {
			fmt.Fprintf(cmd.OutOrStdout(), "%s valid%s\n", o.Ref(), unbounded(c, o))
		}
		for _, w := range c.Warnings {
			fmt.Fprintln(cmd.ErrOrStderr(), "bulkhead: warning: "+w.Error())
		}
		return nil
	}
	return cmd
}
