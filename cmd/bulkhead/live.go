package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// fitsWhatRuns refuses promises that this node cannot keep, and limits below
// what their tenant uses now.
func fitsWhatRuns(e *compile.Edited) error {
	node, err := capacity()
	if err != nil {
		return err
	}
	if err := compile.Admit(e.After, e.Compiled, node); err != nil {
		return err
	}
	if err := runtime.New(here(), runtime.Execute).Check(e.Compiled.Node, e.Compiled.Tenants, false); err != nil {
		return fmt.Errorf("nothing was applied: %w", err)
	}
	return nil
}

// enliven gives what runs the limits of the policy now in force. It is done
// also when nothing changed: an apply before may not have come to its end.
func enliven(cmd *cobra.Command) error {
	done, err := runtime.New(here(), runtime.Execute).Reconcile(cmd.Context(), runtime.Change{})
	for _, d := range done {
		if d.Containers > 0 {
			fmt.Fprintf(cmd.OutOrStdout(), "tenant/%s: new limits for %d of %d running containers\n", d.Tenant, d.Containers, d.Running)
		}
	}
	return err
}

// enlivenOrBack puts the version before in force again when a running tenant
// could not have its new limits, so that an apply is done whole or not at all.
func enlivenOrBack(cmd *cobra.Command, e *compile.Edited) error {
	err := enliven(cmd)
	if err == nil {
		return nil
	}
	if !e.Changed || e.From == "" {
		return fmt.Errorf("the policy is in force, but not for all that runs: %w", err)
	}
	_, _, back := compile.Rollback(here(), e.From, entry())
	if back == nil {
		back = enliven(cmd)
	}
	if back != nil {
		return fmt.Errorf("the policy is in force, but not for all that runs: %w", errors.Join(err, back))
	}
	return fmt.Errorf("nothing was applied: %w", err)
}
