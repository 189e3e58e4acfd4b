package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func verifyCommand() *cobra.Command {
	var only runtime.VerifyOnly
	var output string
	cmd := &cobra.Command{
		Use:   "verify [CONTAINER... | --tenant TENANT] [-o json]",
		Short: "compares what runs with the policy in force",
		Long: `Reads from the kernel what running tenants, and their enforced containers, have,
and compares it with what the policy in force would give them: the limits in their
cgroups, where their processes are, and of every process the capabilities, the
seccomp filter, limits, namespaces, IDs, mounts and open files. A container is named
by the beginning of its id, or as NAMESPACE/ID. It changes nothing; applying the
policy again mends limits.

Exit codes: 0 holds, 1 findings, 2 could not look.`,
		Annotations:       couldNotLook,
		Example:           "  bulkhead verify\n  bulkhead verify --tenant acme -o json",
		Args:              between(0, -1),
		ValidArgsFunction: completeKind("container"),
	}
	cmd.Flags().StringVar(&only.Tenant, "tenant", "", "only this tenant and those below it")
	must(cmd.RegisterFlagCompletionFunc("tenant", completeKind("tenant")))
	jsonFlag(cmd, &output)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if only.Tenant != "" && len(args) > 0 {
			return fmt.Errorf("want containers or --tenant: %s", cmd.UseLine())
		}
		if err := knownTenant(here(), only.Tenant); err != nil {
			return err
		}
		if only.Containers, err = runningContainers(here(), args); err != nil {
			return err
		}
		v, err := runtime.New(here(), runtime.Execute).Verify(only)
		if v == nil {
			return err
		}
		if output == "json" {
			if err := printJSON(cmd.OutOrStdout(), v); err != nil {
				return err
			}
		} else {
			showVerified(cmd.OutOrStdout(), v, err == nil)
		}
		if err == nil && len(v.Findings) > 0 {
			err = errFinding
		}
		return err
	}
	return cmd
}

// knownTenant refuses a name that no tenant has.
func knownTenant(root tenant.Root, name string) error {
	if name == "" {
		return nil
	}
	l, err := listTenants(root)
	if err != nil {
		return err
	}
	return l.only("tenant", []string{name})
}

// runningContainers are those that are named, which must run and be enforced:
// others hold nothing that could be compared. nil: none was named.
func runningContainers(root tenant.Root, names []string) ([]*record.Record, error) {
	if len(names) == 0 {
		return nil, nil
	}
	records, err := record.List(root)
	if err != nil {
		return nil, err
	}
	var found []*record.Record
	for _, name := range names {
		var ids []string
		before := len(found)
		for _, r := range records {
			ids = append(ids, r.ID)
			full := namespaceOf(r.Scope) + "/" + r.ID
			if !strings.HasPrefix(r.ID, name) && !strings.HasPrefix(full, name) {
				continue
			}
			if !r.Enforced || !r.Alive() {
				return nil, fmt.Errorf("container %s is not verified: it %s", full, whyNot(r))
			}
			found = append(found, r)
		}
		if len(found) == before {
			return nil, notFound("container", name, ids)
		}
	}
	return found, nil
}

func whyNot(r *record.Record) string {
	if !r.Alive() {
		return "does not run"
	}
	return "runs as its engine asked (" + strings.ToLower(mode(r)) + ")"
}

// showVerified prints a line a finding, and what holds if all was looked at.
func showVerified(w io.Writer, v *runtime.Verified, whole bool) {
	for _, f := range v.Findings {
		line := fmt.Sprintf("%s: %s is %s, want %s", subject(f), f.Field, cmp.Or(f.Got, "empty"), f.Want)
		if f.Key != "" {
			line += " (" + f.Key + ")"
		}
		if f.Mend != "" {
			line += "; mend with: " + f.Mend
		}
		fmt.Fprintln(w, line)
	}
	if whole && len(v.Findings) == 0 {
		fmt.Fprintf(w, "%s and %s hold\n", plural(v.Tenants, "tenant"), plural(v.Containers, "container"))
	}
}

func subject(f runtime.Finding) string {
	switch {
	case f.Container != "":
		return "container " + f.Container + " of tenant " + f.Tenant
	case f.Tenant != "":
		return "tenant/" + f.Tenant
	}
	return "the installation's cgroup"
}

// plural is "1 tenant" or "2 tenants".
func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
