package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

func explainCommand() *cobra.Command {
	var schema bool
	cmd := &cobra.Command{
		Use:   "explain (KEY | --schema)",
		Short: "documents a key of a Tenant or a NodePolicy",
		Long: `Documents a key, with its unit, its values and its default, and the keys below it.
With --schema it prints all of them as a JSON Schema, for an editor.`,
		Example: "  bulkhead explain tenant\n  bulkhead explain tenant.spec.limits\n  bulkhead explain nodepolicy.spec.audit.record\n" +
			"  bulkhead explain --schema > bulkhead.schema.json",
		Args:              between(0, 1),
		ValidArgsFunction: completeKeys,
	}
	cmd.Flags().BoolVar(&schema, "schema", false, "print a JSON Schema (draft 7) of every key")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if schema == (len(args) == 1) {
			return fmt.Errorf("want: %s", cmd.UseLine())
		}
		all, err := readDocs()
		if err != nil {
			return err
		}
		if schema {
			return all.showSchema(cmd.OutOrStdout())
		}
		key, f, err := all.lookup(args[0])
		if err != nil {
			return err
		}
		all.explain(cmd.OutOrStdout(), key, f)
		return nil
	}
	return cmd
}

// lookup follows a key from its kind.
func (all docs) lookup(typed string) (key string, f docField, err error) {
	parts := strings.Split(typed, ".")
	kind, err := kindOf(parts[0], "tenant", "nodepolicy")
	if err != nil {
		return "", f, err
	}
	f = docField{of: v1alpha1.KindTenant}
	if kind == "nodepolicy" {
		f.of = v1alpha1.KindNodePolicy
	}
	f.doc, key = all.named(f.of).doc, kind
	for _, part := range parts[1:] {
		if f.mapping {
			f = docField{of: f.of, doc: all.named(f.of).doc}
			key += "." + part
			continue
		}
		var names []string
		found := false
		for _, below := range all.fields(f.of) {
			names = append(names, below.name)
			if below.name == part {
				f, key, found = below, key+"."+part, true
				break
			}
		}
		if !found {
			if near := compile.Suggest(part, names); near != "" {
				return "", f, fmt.Errorf("%s has no key %s; did you mean %s.%s?", key, part, key, near)
			}
			return "", f, fmt.Errorf("%s has no key %s; see: bulkhead explain %s", key, part, key)
		}
	}
	return key, f, nil
}

func (all docs) explain(w io.Writer, key string, f docField) {
	fmt.Fprintf(w, "KEY:   %s\nTYPE:  %s\n", key, all.typeOf(f))
	if note := notYet(key); note != "" {
		fmt.Fprintf(w, "NOTE:  %s by this version; apply refuses it\n", note)
	}
	fmt.Fprintf(w, "\n%s\n", wrap(f.doc, "  "))
	fields := all.fields(f.of)
	if len(fields) == 0 {
		return
	}
	fmt.Fprint(w, "\nKEYS:\n")
	if f.mapping {
		fmt.Fprintf(w, "  for each name\n")
	}
	for _, below := range fields {
		about := []string{all.typeOf(below)}
		if below.required {
			about = append(about, "required")
		}
		if note := notYet(key + "." + below.name); note != "" {
			about = append(about, note)
		}
		fmt.Fprintf(w, "  %s (%s)\n%s\n", below.name, strings.Join(about, ", "), wrap(below.doc, "      "))
	}
}

// notYet says that a key, or all but one of its values, is not implemented yet.
func notYet(key string) string {
	switch only, ok := compile.Implemented(key); {
	case ok:
		return ""
	case only != "":
		return "all but " + only + " not implemented yet"
	}
	return "not implemented yet"
}

// wrap breaks a text into indented lines of at most 80 columns.
func wrap(text, indent string) string {
	var lines []string
	line := indent
	for _, word := range strings.Fields(text) {
		if line != indent && len(line)+1+len(word) > 80 {
			lines = append(lines, line)
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}

// completeKeys offers the keys one step below what is typed.
func completeKeys(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	all, err := readDocs()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	dot := strings.LastIndexByte(typed, '.')
	if dot < 0 {
		return []string{"tenant", "nodepolicy"}, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
	key, f, err := all.lookup(typed[:dot])
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var keys []string
	for _, below := range all.fields(f.of) {
		keys = append(keys, key+"."+below.name)
	}
	return keys, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}
