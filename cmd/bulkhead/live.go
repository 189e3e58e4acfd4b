package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// fitsWhatRuns refuses promises that this node cannot keep, and, unless they
// shall be squeezed, limits below what their tenant uses now.
func fitsWhatRuns(squeeze bool) func(*compile.Edited) error {
	return func(e *compile.Edited) error {
		node, err := capacity()
		if err != nil {
			return err
		}
		if err := compile.Admit(e.After, e.Compiled, node); err != nil {
			return err
		}
		if err := runtime.New(here(), runtime.Execute).Check(e.Compiled.Node, e.Compiled.Tenants, squeeze); err != nil {
			return fmt.Errorf("nothing was applied: %w", err)
		}
		return nil
	}
}

// enliven gives what runs the limits of the policy now in force. It is done
// also when nothing changed: an apply before may not have come to its end, and
// somebody may have changed a limit behind our back.
func enliven(ctx context.Context, cmd *cobra.Command, squeeze bool) error {
	done, err := runtime.New(here(), runtime.Execute).Reconcile(ctx, runtime.Change{
		Squeeze:  squeeze,
		Progress: progress(cmd.ErrOrStderr(), "telling the delegates of the new limits"),
	})
	for _, d := range done {
		if d.Containers > 0 {
			fmt.Fprintf(cmd.OutOrStdout(), "tenant/%s: new limits for %d of %d running containers\n", d.Tenant, d.Containers, d.Running)
		}
	}
	return err
}

// enlivenOrBack puts the version before in force again when a running tenant
// could not have its new limits, so that an apply is done whole or not at all.
func enlivenOrBack(cmd *cobra.Command, e *compile.Edited, squeeze bool) error {
	err := enliven(cmd.Context(), cmd, squeeze)
	if err == nil {
		return nil
	}
	if !e.Changed || e.From == "" {
		return fmt.Errorf("the policy is in force, but not for all that runs: %w", err)
	}
	if now, open := tenant.Open(here()); open != nil || now.Version != e.To {
		return fmt.Errorf("another policy was applied meanwhile; this one did not come to all that runs: %w", errors.Join(err, open))
	}
	_, _, back := compile.Rollback(here(), e.From, entry())
	if back != nil {
		return fmt.Errorf("the policy is in force, but not for all that runs: %w", errors.Join(err, back))
	}
	// Also after Ctrl-C: what runs shall have the limits of one policy.
	if back = enliven(context.WithoutCancel(cmd.Context()), cmd, false); back != nil {
		return fmt.Errorf("the policy before, %s, is in force again, but not for all that runs; apply once more: %w", short(e.From), errors.Join(err, back))
	}
	return fmt.Errorf("nothing was applied: %w", err)
}
