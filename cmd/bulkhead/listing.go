package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
)

// listing is what get prints: a table, names, or the things themselves.
type listing struct {
	header []string
	wide   []string // further columns of -o wide
	items  []item
	single bool // one was asked for by name: no list around it
}

type item struct {
	name        string
	depth       int // below how many others it is shown
	cells, wide []string
	object      any    // for -o json, and for -o yaml without text
	text        string // YAML as the operator wrote it
}

func (l *listing) add(i item) { l.items = append(l.items, i) }

var outputs = []string{"wide", "json", "yaml", "name"}

func outputFlag(cmd *cobra.Command, output *string) {
	cmd.Flags().StringVarP(output, "output", "o", "", "wide, json, yaml or name; a table if absent")
	must(cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(outputs, cobra.ShellCompDirectiveNoFileComp)))
}

// must ends the program on a mistake in the program itself.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// print shows the listing; empty is the sentence for one without items.
func (l *listing) print(cmd *cobra.Command, output, empty string) error {
	out := cmd.OutOrStdout()
	switch output {
	case "json":
		return printJSON(out, l.value())
	case "yaml":
		data, err := l.yaml()
		fmt.Fprint(out, data)
		return err
	case "", "wide", "name":
	default:
		return fmt.Errorf("unknown output %q; want %s", output, strings.Join(outputs, ", "))
	}
	if len(l.items) == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), empty)
		return nil
	}
	if output == "name" {
		for _, i := range l.items {
			fmt.Fprintln(out, i.name)
		}
		return nil
	}
	return l.table(cmd, output == "wide")
}

func (l *listing) table(cmd *cobra.Command, wide bool) error {
	t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 3, ' ', 0)
	row := func(cells, further []string) {
		if wide {
			cells = append(cells[:len(cells):len(cells)], further...)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	row(l.header, l.wide)
	for _, i := range l.items {
		if i.depth > 0 {
			i.cells = slices.Clone(i.cells)
			i.cells[0] = strings.Repeat("  ", i.depth-1) + "└─" + i.cells[0]
		}
		row(i.cells, i.wide)
	}
	return t.Flush()
}

// value is the one thing, or a list as Kubernetes has it.
func (l *listing) value() any {
	if l.single && len(l.items) == 1 {
		return l.items[0].object
	}
	objects := []any{}
	for _, i := range l.items {
		objects = append(objects, i.object)
	}
	return map[string]any{"apiVersion": v1alpha1.APIVersion, "kind": "List", "items": objects}
}

// yaml is one document an item, which apply accepts again.
func (l *listing) yaml() (string, error) {
	var docs []string
	for _, i := range l.items {
		if i.text == "" {
			data, err := json.Marshal(i.object)
			if err != nil {
				return "", err
			}
			if data, err = yaml.JSONToYAML(data); err != nil {
				return "", err
			}
			i.text = string(data)
		}
		docs = append(docs, i.text)
	}
	return strings.Join(docs, "---\n"), nil
}
