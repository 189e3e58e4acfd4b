package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/cgroup/slice"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// noteCPUs gives out the CPUs that the policy in force asks for.
func noteCPUs(root tenant.Root) error {
	st, err := tenant.Open(root)
	if err != nil {
		return err
	}
	node, err := st.Node()
	if err != nil {
		return err
	}
	return cgroup.New(root, nil).NoteCPUs(node)
}

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
			if order.CPUsOf != "" {
				return noteCPUs(tenant.Root(order.CPUsOf))
			}
			return slice.Carry(ctx, order)
		},
	}
}
