package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

func historyCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "history [-o wide|json|yaml|name]",
		Short: "lists what was put in force, oldest first",
		Args:  between(0, 0),
	}
	outputFlag(cmd, &output)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		entries, err := compile.History(here())
		if err != nil {
			return err
		}
		l := listing{header: []string{"VERSION", "APPLIED", "USER", "COMMAND"}}
		for _, e := range entries {
			l.add(item{
				name:   e.Version,
				cells:  []string{short(e.Version), e.Time.Local().Format(time.DateTime), e.User, e.Command},
				object: e,
			})
		}
		return l.print(cmd, output, "no history; nothing was applied on this node")
	}
	return cmd
}

// short is as much of a version's name as people read.
func short(version string) string { return version[:min(len(version), 12)] }
