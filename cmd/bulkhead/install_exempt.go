package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/deploy/containerd"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// proposeExemptions prints a NodePolicy that exempts the namespaces whose
// running pods need the host.
func proposeExemptions(cmd *cobra.Command, running string) error {
	found, err := containerd.HostPods(running)
	if err != nil || len(found) == 0 {
		return err
	}
	names := slices.Sorted(maps.Keys(found))
	w := cmd.OutOrStdout()
	fmt.Fprintln(w, "\n# Pods that run need the host. Exempt their namespaces, unless they are tenants':")
	for _, name := range names {
		fmt.Fprintf(w, "#   %s: %s\n", name, strings.Join(found[name], ", "))
	}
	fmt.Fprintf(w, `apiVersion: bulkhead.dev/v1alpha1
kind: NodePolicy
metadata: {name: default}
spec:
  exemptions: {kubernetesNamespaces: [%s]}
`, strings.Join(names, ", "))
	return nil
}

// containersOfOurs are bulkhead's, as "namespace/id".
func containersOfOurs() ([]string, error) {
	records, err := record.List(here())
	var names []string
	for _, r := range records {
		if r.Committed() {
			names = append(names, namespaceOf(r.Scope)+"/"+r.ID)
		}
	}
	return names, err
}
