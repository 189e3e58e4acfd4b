package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/cgroup/slice"
)

// sliceCommand is for shims, which do not link a D-Bus client.
func sliceCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "slice",
		Short:  "carries out an order on a slice of systemd, read from standard input",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var order cgroup.SliceOrder
			if err := json.NewDecoder(cmd.InOrStdin()).Decode(&order); err != nil {
				return fmt.Errorf("read the order: %w", err)
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), 30*time.Second)
			defer cancel()
			return slice.Carry(ctx, order)
		},
	}
}
