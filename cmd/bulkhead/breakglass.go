package main

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// longestReason is in bytes: it stands in every line that the audit log gets.
const longestReason = 500

func breakGlassCommand() *cobra.Command {
	var name, reason string
	var lasts time.Duration
	var end bool
	cmd := &cobra.Command{
		Use:   "break-glass --tenant TENANT (--for DURATION --reason TEXT | --end)",
		Short: "lets a tenant's containers start as asked, for a while",
		Long: `For the bad night: the tenant acts as if its enforcement were Audit, for at most
4h. What its engine asks for is decided and logged, each start with the reason,
and nothing of it is refused or narrowed. No policy changes, and those below the
tenant stay enforced.

It ends by itself, by --end, and when the node is booted. doctor and verify are
red meanwhile, and as long as a container runs that was started under it: such a
container goes on as it is, and further processes in it are bound to the tenant
again.`,
		Example: "  bulkhead break-glass --tenant acme --for 30m --reason 'INC-7: volumes refused'\n" +
			"  bulkhead break-glass --tenant acme --end",
		Args: between(0, 0),
	}
	cmd.Flags().StringVar(&name, "tenant", "", "whose glass to break")
	cmd.Flags().DurationVar(&lasts, "for", 0, "for how long, at most 4h")
	cmd.Flags().StringVar(&reason, "reason", "", "why; it stands in the audit log with every start")
	cmd.Flags().BoolVar(&end, "end", false, "end it before its time")
	must(cmd.MarkFlagRequired("tenant"))
	must(cmd.RegisterFlagCompletionFunc("tenant", completeKind("tenant")))
	must(cmd.RegisterFlagCompletionFunc("for", cobra.FixedCompletions([]string{"30m", "1h", "4h"}, cobra.ShellCompDirectiveNoFileComp)))
	must(cmd.RegisterFlagCompletionFunc("reason", cobra.NoFileCompletions))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if end {
			if cmd.Flags().Changed("for") || cmd.Flags().Changed("reason") {
				return errors.New("--end stands alone: it takes neither --for nor --reason")
			}
			return mendGlass(cmd, name)
		}
		if err := breakable(name, lasts, reason); err != nil {
			return err
		}
		g, err := runtime.New(here(), runtime.Execute).BreakGlass(name, lasts, reason, operator())
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "tenant/%s acts as Audit until %s; end it with: bulkhead break-glass --tenant %s --end\n",
			name, g.Until.Local().Format(time.DateTime), name)
		return nil
	}
	return cmd
}

// breakable says what is wrong with the flags, or that there is no glass to break.
func breakable(name string, lasts time.Duration, reason string) error {
	switch {
	case lasts <= 0 || lasts > tenant.MostGlass:
		return fmt.Errorf("--for is %v, want more than 0 and at most 4h: --for 30m", lasts)
	case strings.TrimSpace(reason) == "":
		return errors.New("--reason is empty; it stands in the audit log with every start: --reason 'INC-7: volumes refused'")
	case len(reason) > longestReason || !utf8.ValidString(reason):
		return fmt.Errorf("--reason has %d bytes, want UTF-8 of at most %d", len(reason), longestReason)
	}
	if err := knownTenant(here(), name); err != nil {
		return err
	}
	st, err := tenant.Open(here())
	if err != nil {
		return err
	}
	p, err := st.Tenant(name)
	if err == nil && p.Enforcement == tenant.Audit {
		err = fmt.Errorf("tenant %s has no glass to break: its enforcement is Audit", name)
	}
	return err
}

// mendGlass needs no policy: what broke it must not keep it broken.
func mendGlass(cmd *cobra.Command, name string) error {
	was, err := runtime.New(here(), runtime.Execute).MendGlass(name, operator())
	if err != nil {
		return err
	}
	if !was {
		fmt.Fprintf(cmd.OutOrStdout(), "tenant/%s has no broken glass\n", name)
		return nil
	}
	fmt.Fprintf(cmd.OutOrStdout(), "tenant/%s is enforced again\n", name)
	return nil
}

// enforcement is a tenant's, with what suspends it.
func enforcement(p *tenant.Policy) string {
	if g := tenant.GlassOf(here(), p.Name); g != nil {
		return "Audit until " + g.Until.Local().Format(time.TimeOnly)
	}
	return string(p.Enforcement)
}
