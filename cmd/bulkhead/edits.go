package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// showDenials prints one sentence a denial.
func showDenials(w io.Writer, denials isolator.Denials) {
	for _, d := range denials {
		fmt.Fprintln(w, d.Error())
	}
}

// showEdits prints what a rewrite changed, one line a change.
func showEdits(w io.Writer, changes []spec.Change) {
	wide := 0
	for _, c := range changes {
		wide = max(wide, len(c.Isolator))
	}
	for _, c := range changes {
		before, after := valueText(c.Before), valueText(c.Value)
		if c.Op == "remove" {
			after = "none"
		}
		if c.Op == "add" {
			before = "none"
		}
		fmt.Fprintf(w, "%-*s  %s: %s → %s  (%s)\n", wide, c.Isolator, c.Path, before, after, c.Reason)
	}
}

// valueText is a value on one line, cut where it is longer than people read.
func valueText(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	const most = 120
	if text := []rune(string(data)); len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(data)
}

func jsonFlag(cmd *cobra.Command, output *string) {
	cmd.Flags().StringVarP(output, "output", "o", "text", "text or json")
	must(cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp)))
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if *output != "text" && *output != "json" {
			return fmt.Errorf("unknown output %q; want text or json", *output)
		}
		return nil
	}
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
