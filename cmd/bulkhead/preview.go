package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

func previewCommand() *cobra.Command {
	var p preview
	cmd := &cobra.Command{
		Use:   "preview --tenant NAME (--bundle DIR | --spec FILE) [-f PATH...] [-o json]",
		Short: "shows what a tenant would make of a container",
		Long: `Shows what this node would make of a container's config.json: every change with
its isolator and reason, every denial, what the tenant's delegate does not do of
it, and the walls that would stand around its network, as input of nft(8). Nothing
is started or written.

Exit codes: 0 accepted, 1 denied, 2 could not look.`,
		Example: "  bulkhead preview --tenant acme --bundle /run/containerd/io.containerd.runtime.v2.task/acme/web\n" +
			"  bulkhead preview --tenant acme --spec config.json -f acme.yaml -o json",
		Annotations: couldNotLook,
		Args:        between(0, 0),
	}
	p.policy = files(cmd)
	cmd.Flags().Lookup("filename").Usage = "preview the tenant as written in these files, not as in force"
	cmd.Flags().StringVar(&p.tenant, "tenant", "", "whose container it would be")
	cmd.Flags().StringVar(&p.bundle, "bundle", "", "the container's bundle, a folder with a config.json")
	cmd.Flags().StringVar(&p.spec, "spec", "", "the container's config.json, - for standard input")
	cmd.Flags().StringVar(&p.caller.Namespace, "containerd-namespace", "default", "containerd namespace that it would be in")
	cmd.Flags().StringVar(&p.caller.ID, "id", "", "the container's id; the bundle's name if absent")
	must(cmd.RegisterFlagCompletionFunc("tenant", completeKind("tenant")))
	jsonFlag(cmd, &p.output)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if p.tenant == "" || (p.bundle == "") == (p.spec == "") {
			return fmt.Errorf("want a tenant, and a bundle or a spec: %s", cmd.UseLine())
		}
		denied, err := p.run(cmd)
		if err == nil && denied {
			err = errFinding
		}
		return err
	}
	return cmd
}

// preview is what is asked on the command line.
type preview struct {
	tenant, bundle, spec, output string

	policy *[]string
	caller runtime.Caller
}

func (p *preview) run(cmd *cobra.Command) (denied bool, err error) {
	policy, above, node, err := p.policies(cmd)
	if err != nil {
		return false, err
	}
	config, err := p.config(cmd)
	if err != nil {
		return false, err
	}
	asked := new(isolator.Request)
	if asked.Spec, err = spec.Parse(config); err != nil {
		return false, err
	}
	rt := runtime.New(here(), runtime.Execute)
	facts, err := rt.Facts(cmd.Context(), p.caller, asked, node, policy)
	if err != nil {
		return false, err
	}
	final, result, err := runtime.Judge(isolator.NewCase(policy, node, facts, asked))
	if err != nil {
		return false, err
	}
	ignored := runtime.Ignored(facts, final.Spec)
	if p.output == "json" {
		return len(result.Denials) > 0, showPatch(cmd.OutOrStdout(), config, result, ignored)
	}
	p.show(cmd.OutOrStdout(), policy, result)
	showIgnored(cmd.OutOrStdout(), ignored)
	if len(result.Denials) == 0 && hasNetwork(final.Spec) {
		return false, p.showWalls(cmd.OutOrStdout(), rt, append(above, policy), node)
	}
	return len(result.Denials) > 0, nil
}

// hasNetwork reports a network namespace that is not the node's.
func hasNetwork(s *specs.Spec) bool {
	return s.Linux != nil && slices.ContainsFunc(s.Linux.Namespaces, func(ns specs.LinuxNamespace) bool { return ns.Type == specs.NetworkNamespace })
}

// showWalls shows what would stand around the container's network.
func (p *preview) showWalls(w io.Writer, rt *runtime.Runtime, line []*tenant.Policy, node *tenant.Node) error {
	walls, guard, example, err := rt.WallsPlanned(p.caller, line[len(line)-1], node)
	if err != nil {
		return err
	}
	of := "its interfaces"
	if example {
		of = "an interface such as eth0, with 192.0.2.2 and 2001:db8::2"
	}
	fmt.Fprintf(w, "\nwalls around %s, as nft has them:\n\n%s", of, walls)
	fmt.Fprintf(w, "\na guard inside its network, against interfaces without walls:\n\n%s", guard)
	bandwidth, err := rt.BandwidthPlanned(p.caller, line)
	if bandwidth != "" {
		fmt.Fprintf(w, "\nits bandwidth, as ip, tc and nft have it, if the tenant has no other container:\n\n%s", bandwidth)
	}
	return err
}

// policies returns the tenant, those above it, the outermost first, and the
// node's policy, as in force or as in files.
func (p *preview) policies(cmd *cobra.Command) (policy *tenant.Policy, above []*tenant.Policy, node *tenant.Node, err error) {
	tenantOf, node, err := p.source(cmd)
	if err != nil {
		return nil, nil, nil, err
	}
	if policy, err = tenantOf(p.tenant); err != nil {
		return nil, nil, nil, err
	}
	for _, name := range policy.Ancestors {
		a, err := tenantOf(name)
		if err != nil {
			return nil, nil, nil, err
		}
		above = append(above, a)
	}
	return policy, above, node, nil
}

// source is where tenants come from: files, or the policy in force.
func (p *preview) source(cmd *cobra.Command) (of func(name string) (*tenant.Policy, error), node *tenant.Node, err error) {
	if len(*p.policy) > 0 {
		objects, err := readAll(cmd, *p.policy)
		if err != nil {
			return nil, nil, err
		}
		c, err := compile.Compile(objects)
		if err != nil {
			return nil, nil, err
		}
		c.GrantCDI(objects, compile.CDIFolders(here()))
		return func(name string) (*tenant.Policy, error) {
			if c.Tenants[name] == nil {
				return nil, notFound("tenant", name, namesOf(objects, "tenant"))
			}
			return c.Tenants[name], nil
		}, c.Node, nil
	}
	st, err := tenant.Open(here())
	if err != nil {
		return nil, nil, err
	}
	node, err = st.Node()
	return func(name string) (*tenant.Policy, error) {
		policy, err := st.Tenant(name)
		if errors.Is(err, fs.ErrNotExist) {
			objects, err := compile.LoadVersion(st)
			if err != nil {
				return nil, err
			}
			return nil, notFound("tenant", name, namesOf(objects, "tenant"))
		}
		return policy, err
	}, node, err
}

// config reads the container's spec and completes the caller from where it is.
func (p *preview) config(cmd *cobra.Command) ([]byte, error) {
	if p.bundle == "" {
		dir, err := filepath.Abs(filepath.Dir(p.spec))
		if err != nil {
			return nil, err
		}
		p.caller.Bundle, p.caller.ID = dir, cmp.Or(p.caller.ID, "preview")
		data, _, err := read(cmd, p.spec)
		return data, err
	}
	dir, err := filepath.Abs(p.bundle)
	if err != nil {
		return nil, err
	}
	p.caller.Bundle, p.caller.ID = dir, cmp.Or(p.caller.ID, filepath.Base(dir))
	// Of a container that runs, what its engine asked for stands beside what it got.
	if data, err := os.ReadFile(filepath.Join(dir, spec.EngineFile)); err == nil {
		return data, nil
	}
	return spec.Read(dir)
}

func (p *preview) show(w io.Writer, policy *tenant.Policy, r spec.Result) {
	verdict := "would be accepted unchanged"
	switch {
	case len(r.Denials) > 0:
		verdict = "would be refused"
	case len(r.Changes) > 0:
		verdict = "would be accepted, with these changes"
	}
	if policy.Enforcement == tenant.Audit && len(r.Denials)+len(r.Changes) > 0 {
		verdict += " (in Enforce; the tenant is in Audit, so it passes as asked)"
	}
	fmt.Fprintf(w, "tenant %s: %s\n", policy.Name, verdict)
	showDenials(w, r.Denials)
	showEdits(w, r.Changes)
}

// showIgnored says what the delegate does not do.
func showIgnored(w io.Writer, notes []runtime.Note) {
	for _, n := range notes {
		fmt.Fprintf(w, "note: under runsc %s %s\n", n.Key, n.What)
	}
}
