package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

const about = `bulkhead keeps the containers of a node's tenants apart.

A tenant is written as YAML, applied to the node, and holds from the next
container on. Everything that bulkhead keeps is below the root that the
environment variable BULKHEAD_ROOT names, / if it names none.

Exit codes: 0 done, 1 not done. diff: 0 same, 1 differs, 2 could not look.
preview: 0 accepted, 1 denied, 2 could not look. recommend: 1 what no tenant can be given.
verify, doctor: 0 holds, 1 findings, 2 could not look.`

// moreVerbs are those of builds that an operator does not have.
var moreVerbs []func() *cobra.Command

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "bulkhead VERB",
		Short:         "keeps the containers of a node's tenants apart",
		Long:          about,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE:          unknownVerb,
	}
	root.SetFlagErrorFunc(unknownFlag)
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	for _, group := range []struct {
		id, title string
		verbs     []*cobra.Command
	}{
		{"policy", "Policy:", []*cobra.Command{
			applyCommand(), deleteCommand(), diffCommand(), validateCommand(), historyCommand(), rollbackCommand()}},
		{"look", "Looking:", []*cobra.Command{getCommand(), describeCommand(), explainCommand(), topCommand(), metricsCommand()}},
		{"decide", "Decisions:", []*cobra.Command{previewCommand(), recommendCommand(), whyCommand()}},
		{"node", "Node:", []*cobra.Command{freezeCommand(), thawCommand(), killCommand(), breakGlassCommand(), gcCommand(), verifyCommand(), doctorCommand(), installCommand(), uninstallCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: group.id, Title: group.title})
		for _, verb := range group.verbs {
			verb.GroupID = group.id
			verb.DisableFlagsInUseLine = true
			root.AddCommand(verb)
		}
	}
	root.AddCommand(versionCommand(), sliceCommand(), plugCommand())
	for _, verb := range moreVerbs {
		root.AddCommand(verb())
	}
	return root
}

func unknownVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var verbs []string
	for _, c := range cmd.Commands() {
		verbs = append(verbs, c.Name())
	}
	if near := compile.Suggest(args[0], verbs); near != "" {
		return fmt.Errorf("unknown verb %q; did you mean %s?", args[0], near)
	}
	return fmt.Errorf("unknown verb %q; see: bulkhead help", args[0])
}

func unknownFlag(cmd *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		return fmt.Errorf("%w; see: %s --help", err, cmd.CommandPath())
	}
	var flags []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
	name := missing.GetSpecifiedName()
	if near := compile.Suggest(name, flags); near != "" && missing.GetSpecifiedShortnames() == "" {
		return fmt.Errorf("unknown flag --%s; did you mean --%s?", name, near)
	}
	return fmt.Errorf("%s; see: %s --help", strings.TrimSuffix(err.Error(), "."), cmd.CommandPath())
}

// between accepts from least to most arguments; most below 0: any number.
func between(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || most >= 0 && len(args) > most {
			return fmt.Errorf("want: %s", cmd.UseLine())
		}
		return nil
	}
}

// here is the installation that the environment names.
func here() tenant.Root { return tenant.FromEnv() }
