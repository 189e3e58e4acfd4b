package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

func describeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "describe (tenant NAME | container ID)",
		Short: "shows what a tenant has, with every default written out, or what stands for a container",
		Long: `Shows what a tenant has, with every default written out, or whose a container is
and what stands for it on the node. A container is named by its id or the
beginning of it.`,
		Example:           "  bulkhead describe tenant acme\n  bulkhead describe container web1",
		Args:              between(2, 2),
		ValidArgsFunction: completeObjects,
		RunE: func(cmd *cobra.Command, args []string) error {
			kind, err := kindOf(args[0], "tenant", "container")
			if err != nil {
				return err
			}
			if kind == "container" {
				r, all, err := containerNamed(here(), args[1])
				if err != nil {
					return err
				}
				return describeContainer(runtime.New(here(), runtime.Execute), cmd.OutOrStdout(), r, all)
			}
			objects, policies, err := inForce(here())
			if err != nil {
				return err
			}
			i := slices.IndexFunc(objects, func(o *compile.Object) bool { return o.Ref() == "tenant/"+args[1] })
			if i < 0 {
				return notFound("tenant", args[1], namesOf(objects, "tenant"))
			}
			records, err := record.List(here())
			if err != nil {
				return err
			}
			return describe(cmd.OutOrStdout(), objects[i], policies[args[1]], records)
		},
	}
}

func describe(out io.Writer, o *compile.Object, p *tenant.Policy, records []*record.Record) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(key, value string) { fmt.Fprintf(w, "%s:\t%s\n", key, cmp.Or(value, "-")) }
	section := func(name string) { fmt.Fprintf(w, "%s:\n", name) }
	line("Name", p.Name)
	if len(p.Ancestors) > 0 {
		line("Parent", strings.Join(p.Ancestors, " > "))
	}
	line("Enforcement", enforcement(p))
	line("Delegate", p.Delegate)
	line("Weight", fmt.Sprint(p.Weight))
	line("Priority", string(p.Priority))
	line("CPUs", string(p.CPUs))
	line("Requests", amounts(p.Requests))
	section("Selectors")
	line("  Kubernetes namespaces", list(o.Tenant.Spec.Selectors.KubernetesNamespaces))
	line("  containerd namespaces", list(o.Tenant.Spec.Selectors.ContainerdNamespaces))
	section("Limits of the tenant")
	line("  cpu", known(cpus(p.Limits.CPUMilli), "not bounded"))
	line("  memory", known(size(p.Limits.MemoryBytes), "not bounded"))
	line("  swap", size(&p.Limits.SwapBytes))
	line("  pids", tasks(&p.Limits.Pids))
	for _, page := range slices.Sorted(maps.Keys(p.Limits.Hugepages)) {
		n := p.Limits.Hugepages[page]
		line("  huge pages of "+page, size(&n))
	}
	line("  containers", known(tasks(p.Limits.Containers), "not bounded"))
	for _, b := range p.Limits.BlockIO {
		line("  "+b.Device, blockIO(b))
	}
	section("Each container")
	pair := func(def, most string) string {
		return known(def, "the tenant's") + " by default, at most " + known(most, "the tenant's")
	}
	line("  cpu", pair(cpus(p.Container.Default.CPUMilli), cpus(p.Container.Max.CPUMilli)))
	line("  memory", pair(size(p.Container.Default.MemoryBytes), size(p.Container.Max.MemoryBytes)))
	line("  pids", pair(tasks(p.Container.Default.Pids), tasks(p.Container.Max.Pids)))
	for _, name := range slices.Sorted(maps.Keys(p.Container.Rlimits)) {
		r := p.Container.Rlimits[name]
		line("  rlimit "+strings.ToLower(strings.TrimPrefix(name, "RLIMIT_")), fmt.Sprintf("soft %d, hard %d", r.Soft, r.Hard))
	}
	section("Security")
	line("  level", string(p.Security.Level))
	line("  on excess", string(p.Security.OnExcess))
	line("  AppArmor profile", cmp.Or(p.Security.AppArmorProfile, "the engine's"))
	line("  capabilities above the level", list(p.Security.Exceptions.Capabilities))
	line("  host namespaces", list(p.Security.Exceptions.HostNamespaces))
	section("Network")
	describeNetwork(line, &p.Network)
	section("Containers")
	for _, r := range records {
		if r.Tenant == p.Name {
			line("  "+namespaceOf(r.Scope)+"/"+r.ID, fmt.Sprintf("%s, policy %s, since %s", mode(r), short(r.Version), age(r.Created)))
		}
	}
	return w.Flush()
}

// blockIO reads "reads 100Mi/s and 2000 IOPS, writes 50Mi/s".
func blockIO(b tenant.BlockIO) string {
	var parts []string
	for _, d := range []struct {
		verb        string
		bytes, iops *int64
	}{{"reads ", b.ReadBytesPerSecond, b.ReadIOPS}, {"writes ", b.WriteBytesPerSecond, b.WriteIOPS}} {
		var bounds []string
		if d.bytes != nil {
			bounds = append(bounds, size(d.bytes)+"/s")
		}
		if d.iops != nil {
			bounds = append(bounds, tasks(d.iops)+" IOPS")
		}
		if bounds != nil {
			parts = append(parts, d.verb+strings.Join(bounds, " and "))
		}
	}
	return strings.Join(parts, ", ")
}

// known is a value, or what it means that there is none.
func known(value, absent string) string {
	if value == "-" {
		return absent
	}
	return value
}
