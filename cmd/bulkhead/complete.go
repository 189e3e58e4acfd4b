package main

import (
	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// completions are what a shell offers; a mistake offers nothing.
type completions = func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective)

// completeObjects offers a kind, then the names of that kind.
func completeObjects(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	known := listed
	switch cmd.Name() {
	case "get":
	case "describe":
		known = []string{"tenant", "container"}
	default:
		known = []string{"tenant", "nodepolicy"}
	}
	if len(args) == 0 {
		return known, cobra.ShellCompDirectiveNoFileComp
	}
	kind, err := kindOf(args[0], known...)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return completeKind(kind)(cmd, args, "")
}

// completeKind offers the names of one kind.
func completeKind(kind string) completions {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		l, err := listers[kind].list(here())
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return l.names(), cobra.ShellCompDirectiveNoFileComp
	}
}

func completeVersions(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names, err := compile.Versions(here())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
