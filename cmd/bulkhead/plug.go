package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/hooks/network/cni"
	"github.com/bulkhead-dev/bulkhead/runtime"
)

// plugCommand is for shims, which do not link CNI's library.
func plugCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "plug",
		Short:  "connects a tenant's network, or disconnects it, as read from standard input",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var order runtime.Plug
			if err := json.NewDecoder(cmd.InOrStdin()).Decode(&order); err != nil {
				return fmt.Errorf("read the order: %w", err)
			}
			// CNI's library passes all of its own environment on to plugins.
			os.Clearenv()
			for _, variable := range runtime.DelegateEnv {
				name, value, _ := strings.Cut(variable, "=")
				if err := os.Setenv(name, value); err != nil {
					return err
				}
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), 50*time.Second)
			defer cancel()
			a := cni.Attachment{ID: order.ID, Namespace: order.Namespace, Conflist: order.Conflist, Cache: order.Cache}
			if order.Add {
				return a.Add(ctx)
			}
			return a.Del(ctx)
		},
	}
}
