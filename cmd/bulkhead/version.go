package main

import (
	"cmp"
	"fmt"
	goruntime "runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// release is the version of this build, set by the linker.
var release string

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "says which bulkhead this is",
		Args:  between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			built := ""
			if info, ok := debug.ReadBuildInfo(); ok {
				built = info.Main.Version
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "bulkhead %s, %s, policy format %s, %s %s/%s\n",
				cmp.Or(release, built, "(devel)"), v1alpha1.APIVersion, tenant.Format,
				goruntime.Version(), goruntime.GOOS, goruntime.GOARCH)
			return err
		},
	}
}
