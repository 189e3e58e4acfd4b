package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// listers make the listing of each kind, and the sentence for an empty one.
var listers = map[string]struct {
	list  func(tenant.Root) (*listing, error)
	empty string
}{
	"tenant":     {listTenants, "no tenants; apply one with: bulkhead apply -f FILE"},
	"nodepolicy": {listNodePolicy, "no NodePolicy in force; every key has its default, see: bulkhead explain nodepolicy.spec"},
	"container":  {listContainers, "no containers"},
	"version":    {listVersions, "no versions; nothing was applied on this node"},
	"exemption":  {listExemptions, "no exemptions"},
}

var listed = []string{"tenant", "nodepolicy", "container", "version", "exemption"}

func getCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "get KIND [NAME...] [-o wide|json|yaml|name]",
		Short: "lists tenants, nodepolicy, containers, versions or exemptions",
		Long: `Lists things of one kind: tenants, nodepolicy, containers, versions or
exemptions. -o yaml prints tenants and the NodePolicy as they were applied.`,
		Example:           "  bulkhead get tenants -o wide\n  bulkhead get tenant acme -o yaml",
		Args:              between(1, -1),
		ValidArgsFunction: completeObjects,
	}
	outputFlag(cmd, &output)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		kind, err := kindOf(args[0], listed...)
		if err != nil {
			return err
		}
		l, err := listers[kind].list(here())
		if err != nil {
			return err
		}
		if err := l.only(kind, args[1:]); err != nil {
			return err
		}
		return l.print(cmd, output, listers[kind].empty)
	}
	return cmd
}

// only keeps the items that are named, all when none is.
func (l *listing) only(kind string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	var kept []item
	for _, name := range names {
		before := len(kept)
		for _, i := range l.items {
			// Ids and versions are long: their beginning is enough.
			long := kind == "container" || kind == "version"
			if trimKind(i.name) == name || i.name == name || long && strings.HasPrefix(i.name, name) {
				i.depth = 0 // alone, or in the order asked for
				kept = append(kept, i)
			}
		}
		if len(kept) == before {
			return notFound(kind, name, l.names())
		}
	}
	l.items, l.single = kept, len(names) == 1
	return nil
}

// names are the items' names without their kind.
func (l *listing) names() []string {
	var names []string
	for _, i := range l.items {
		names = append(names, trimKind(i.name))
	}
	return names
}
