package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

func recommendCommand() *cobra.Command {
	var name string
	var since time.Duration
	var asDiff bool
	cmd := &cobra.Command{
		Use:   "recommend --tenant TENANT [--since DURATION] [--diff]",
		Short: "prints the smallest tenant that would have refused nothing of what ran",
		Long: `Decides again what the engines of a tenant's running containers asked for, and
reads in the audit log what would have been refused to others under Audit or a
broken glass. It prints the tenant in force with the keys added that these need,
and without the exceptions that none does; a comment says which container needs
which. The level and the limits stay: what they narrow, a container may miss
without being refused anything.

The output is for apply -f -, also with --dry-run. It knows nothing of what ran
before and was accepted: look at what it leaves out.

Exit codes: 0 done, 1 something that ran needs what no tenant can be given, 2
could not look.`,
		Annotations: couldNotLook,
		Example: "  bulkhead recommend --tenant acme --diff\n" +
			"  bulkhead recommend --tenant acme | bulkhead apply --dry-run -f -",
		Args: between(0, 0),
	}
	cmd.Flags().StringVar(&name, "tenant", "", "whose containers to look at")
	cmd.Flags().DurationVar(&since, "since", 7*24*time.Hour, "how far back the audit log counts")
	cmd.Flags().BoolVar(&asDiff, "diff", false, "print the difference to what is in force")
	must(cmd.MarkFlagRequired("tenant"))
	must(cmd.RegisterFlagCompletionFunc("tenant", completeKind("tenant")))
	must(cmd.RegisterFlagCompletionFunc("since", cobra.FixedCompletions([]string{"24h", "168h", "720h"}, cobra.ShellCompDirectiveNoFileComp)))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := knownTenant(here(), name); err != nil {
			return err
		}
		r, err := recommend(cmd.Context(), here(), name, time.Now().Add(-since))
		if err != nil {
			return err
		}
		if err := r.show(cmd.OutOrStdout(), asDiff); err != nil {
			return err
		}
		for _, line := range r.beyond {
			fmt.Fprintln(cmd.ErrOrStderr(), "bulkhead: no key of a tenant allows this: "+line)
		}
		if len(r.beyond) > 0 {
			return errFinding
		}
		return nil
	}
	return cmd
}

// recommendation is a tenant on its way from what is in force to what is needed.
type recommendation struct {
	ctx       context.Context
	name      string
	inForce   *manifest
	tenant    *manifest
	logged    map[string]bool     // entries that the audit log needs
	changed   map[string][]string // other keys that were changed, and for whom
	beyond    []string            // what no key of a tenant allows, a sentence each
	leftOut   []string            // exceptions that nothing needs
	running   int                 // containers
	decisions int                 // of the audit log
	since     time.Time
}

func recommend(ctx context.Context, root tenant.Root, name string, since time.Time) (*recommendation, error) {
	objects, _, err := inForce(root)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(objects, func(o *compile.Object) bool { return o.Ref() == "tenant/"+name })
	if i < 0 {
		return nil, notFound("tenant", name, namesOf(objects, "tenant"))
	}
	r := &recommendation{ctx: ctx, name: name, since: since, logged: map[string]bool{}, changed: map[string][]string{}}
	for _, m := range []**manifest{&r.inForce, &r.tenant} {
		if *m, err = parseManifest(objects[i].Text); err != nil {
			return nil, err
		}
	}
	if err := r.fromLog(root); err != nil {
		return nil, err
	}
	if err := r.grow(); err != nil {
		return nil, err
	}
	if err := r.shrink(); err != nil {
		return nil, err
	}
	if len(r.beyond) == 0 && r.running+r.decisions > 0 {
		r.tenant.remove("enforcement", string(tenant.Audit))
	}
	slices.Sort(r.beyond)
	r.beyond = slices.Compact(r.beyond)
	return r, nil
}

// show prints the tenant, or how it differs from the one in force.
func (r *recommendation) show(w io.Writer, asDiff bool) error {
	text, err := r.tenant.text()
	if err != nil {
		return err
	}
	var b strings.Builder
	refused := "nothing"
	if len(r.beyond) > 0 {
		refused = "less"
	}
	fmt.Fprintf(&b, "%s %s and %s since %s would have been refused %s.\n", recommended,
		plural(r.running, "running container"), plural(r.decisions, "audited decision"), r.since.Local().Format(time.DateOnly), refused)
	for _, l := range r.leftOut {
		fmt.Fprintf(&b, "%s nothing of it needs %s, which is left out.\n", recommended, l)
	}
	if r.inForce.has("enforcement", string(tenant.Audit)) && !r.tenant.has("enforcement", string(tenant.Audit)) {
		fmt.Fprintf(&b, "%s its enforcement was Audit.\n", recommended)
	}
	text = b.String() + text
	if !asDiff {
		_, err := io.WriteString(w, text)
		return err
	}
	before, err := r.inForce.text()
	if err != nil {
		return err
	}
	_, err = w.Write(diff.Diff("tenant/"+r.name+" (in force)", []byte(before), "tenant/"+r.name+" (recommended)", []byte(text)))
	return err
}
