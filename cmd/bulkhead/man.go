//go:build man

package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// The pages are made where the source is: what writes them has no place in a
// program that shims call.
func init() { moreVerbs = append(moreVerbs, manCommand) }

func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "writes a manual page for each verb",
		Args:   between(1, 1),
		Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			header := &doc.GenManHeader{Section: "8", Source: "Bulkhead", Manual: "Bulkhead"}
			cmd.Root().DisableAutoGenTag = true // it has a date
			return doc.GenManTree(cmd.Root(), header, args[0])
		},
	}
}
