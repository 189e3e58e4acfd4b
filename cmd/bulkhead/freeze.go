package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

func freezeCommand() *cobra.Command {
	return onWhole(&cobra.Command{
		Use:   "freeze TENANT",
		Short: "stops every process of a tenant where it is",
		Long: `Freezes all containers of a tenant and of the tenants below it, those in pods
too: their processes get no CPU time and keep their memory until they are thawed
or killed. It is the kernel that stops them; they cannot notice or refuse.

A new container of a frozen tenant starts frozen: its engine waits for it until
the tenant is thawed, and may give up. On cgroup v1 a frozen container cannot be
stopped either: thaw the tenant first, or kill it.`,
		Example: "  bulkhead freeze acme",
	}, "frozen", (*runtime.Whole).Freeze)
}

func thawCommand() *cobra.Command {
	return onWhole(&cobra.Command{
		Use:   "thaw TENANT",
		Short: "lets the processes of a frozen tenant go on",
		Long: `Thaws all containers of a tenant and of the tenants below it, those that were
frozen by the name of a tenant below it too. A container that its engine paused
stays paused; one in a pod does not.`,
		Example: "  bulkhead thaw acme",
	}, "thawed", (*runtime.Whole).Thaw)
}

func killCommand() *cobra.Command {
	return onWhole(&cobra.Command{
		Use:   "kill TENANT",
		Short: "kills every process of a tenant",
		Long: `Sends SIGKILL to every process of the containers of a tenant and of the tenants
below it, those in pods too, frozen or not. The containers then end by themselves
(exit code 137), and their engines delete or restart them as they were told:
bulkhead forbids the tenant nothing.`,
		Example: "  bulkhead kill acme",
	}, "killed", (*runtime.Whole).Kill)
}

// onWhole completes a verb that does one thing to a whole tenant.
func onWhole(cmd *cobra.Command, done string, do func(*runtime.Whole) error) *cobra.Command {
	cmd.Args = between(1, 1)
	cmd.ValidArgsFunction = completeTenant
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		w, err := runtime.New(here(), runtime.Execute).Whole(args[0])
		if errors.Is(err, runtime.ErrNoTenant) {
			return notFound("tenant", args[0], tenantNames())
		}
		if err != nil {
			return err
		}
		if err := do(w); err != nil {
			return fmt.Errorf("tenant/%s is not wholly %s: %w", w.Tenant, done, err)
		}
		return say(cmd, w, done)
	}
	return cmd
}

// say prints what was done to how many containers, and what was not.
func say(cmd *cobra.Command, w *runtime.Whole, done string) error {
	reached := w.Containers - len(w.Beyond)
	if w.Containers == 0 {
		fmt.Fprintf(cmd.OutOrStdout(), "tenant/%s %s: it has no running container\n", w.Tenant, done)
		return nil
	}
	fmt.Fprintf(cmd.OutOrStdout(), "tenant/%s %s: %s\n", w.Tenant, done, containers(reached))
	if len(w.Beyond) > 0 {
		return fmt.Errorf("not %s, since their cgroup is not theirs alone: %s; use their engine", done, strings.Join(w.Beyond, ", "))
	}
	if done != "thawed" {
		return nil
	}
	above, err := w.FrozenAbove()
	if err == nil && above != "" {
		err = fmt.Errorf("tenant %s stays frozen, since %s above it is; see: bulkhead thaw %s", w.Tenant, above, above)
	}
	return err
}

func containers(n int) string {
	if n == 1 {
		return "1 container"
	}
	return fmt.Sprintf("%d containers", n)
}

// tenantNames are those of the policy and those that run.
func tenantNames() []string {
	var names []string
	if l, err := listTenants(here()); err == nil {
		names = l.names()
	}
	records, _ := record.List(here()) // the names are for a suggestion
	for _, r := range records {
		names = append(names, append(r.Ancestors, r.Tenant)...)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}

func completeTenant(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return tenantNames(), cobra.ShellCompDirectiveNoFileComp
}
