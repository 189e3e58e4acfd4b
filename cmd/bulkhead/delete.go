package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

func deleteCommand() *cobra.Command {
	var missingIsFine bool
	cmd := &cobra.Command{
		Use:   "delete (KIND NAME... | -f PATH...)",
		Short: "takes objects out of force",
		Long: `Takes tenants or the node's policy out of force. Containers that run go on as
they were created; new ones of the tenant are refused.`,
		Example:           "  bulkhead delete tenant acme\n  bulkhead delete -f acme.yaml",
		ValidArgsFunction: completeObjects,
	}
	paths := files(cmd)
	cmd.Flags().BoolVar(&missingIsFine, "ignore-not-found", false, "what is not in force counts as deleted")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		refs, err := namedBy(cmd, *paths, args)
		if err != nil {
			return err
		}
		e, err := compile.Edit(here(), entry(), remove(refs, missingIsFine), nil)
		if err != nil {
			return err
		}
		showGone(cmd.OutOrStdout(), e.Before, e.After, "deleted")
		return showOrphans(cmd, refs)
	}
	return cmd
}

// ref names an object in force.
type ref struct{ kind, name string }

func (r ref) String() string { return r.kind + "/" + r.name }

func namedBy(cmd *cobra.Command, paths, args []string) ([]ref, error) {
	var refs []ref
	if len(paths) > 0 {
		objects, err := readAll(cmd, append(paths, args...))
		for _, o := range objects {
			refs = append(refs, ref{o.Kind(), o.Name()})
		}
		return refs, err
	}
	if len(args) < 2 {
		return nil, fmt.Errorf("want: %s", cmd.UseLine())
	}
	kind, err := kindOf(args[0], "tenant", "nodepolicy")
	for _, name := range args[1:] {
		refs = append(refs, ref{kind, name})
	}
	return refs, err
}

func remove(refs []ref, missingIsFine bool) compile.Change {
	return func(current []*compile.Object) ([]*compile.Object, error) {
		objects := byRef(current)
		for _, r := range refs {
			if objects[r.String()] == nil && !missingIsFine {
				return nil, notFound(r.kind, r.name, namesOf(current, r.kind))
			}
			delete(objects, r.String())
		}
		return slices.DeleteFunc(slices.Clone(current), func(o *compile.Object) bool { return objects[o.Ref()] == nil }), nil
	}
}

// namesOf lists the names of the objects of a kind.
func namesOf(objects []*compile.Object, kind string) []string {
	var names []string
	for _, o := range objects {
		if o.Kind() == kind {
			names = append(names, o.Name())
		}
	}
	return names
}

// showOrphans says which of the deleted tenants still run.
func showOrphans(cmd *cobra.Command, refs []ref) error {
	records, err := record.List(here())
	if err != nil {
		return err
	}
	running := map[string]int{}
	for _, r := range records {
		if r.Alive() {
			running[r.Tenant]++
		}
	}
	for _, r := range refs {
		if n := running[r.name]; r.kind == "tenant" && n > 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "bulkhead: warning: containers of %s that still run, with the rights they were created with: %d\n", r, n)
		}
	}
	return nil
}
