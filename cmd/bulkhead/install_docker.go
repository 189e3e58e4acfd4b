package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/deploy/containerd"
	"github.com/bulkhead-dev/bulkhead/deploy/docker"
	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// dockerInstallation is one into Docker, as its flags say.
type dockerInstallation struct {
	installation
	config, units, socket, bundles, namespace string
	tenants                                   []string
	byDefault, force                          bool
}

func installDockerCommand() *cobra.Command {
	i := &dockerInstallation{installation: installation{engine: "docker"}}
	cmd := &cobra.Command{
		Use:   "docker [--tenant T]... [--default] [--takeover] [--restart] [--dry-run]",
		Short: "makes Docker use bulkhead",
		Long: `Puts the shim where Docker finds it and, from Docker 24 on, the runtime "bulkhead"
into daemon.json; nothing else in it changes, nor does the order of keys. With
--tenant T also a runtime T whose containers are that tenant's, whoever asks.

With --default containers that name no runtime get it (the tenant's, if one
is named). With --takeover also those that ask for runc: the shim then stands
under the stock shim's name before it on the engine's PATH. Docker 20.10 and 23
cannot name a shim in daemon.json; 20.10 needs --takeover.

BuildKit in dockerd runs steps of builds by itself: a drop-in of docker.service has it
run bulkhead-runc. They are then NodePolicy.builds.tenant's, or refused.

Docker keeps a container's runtime until it is created anew: containers that stay
outside until then are listed. Where the default or the stock shim is replaced, a
container that runs and has no tenant, or that asks for what the policy in force
refuses, is named, and nothing is installed unless forced.`,
		Example: "  bulkhead install docker --tenant acme --dry-run\n  bulkhead install docker --takeover --restart",
		Args:    between(0, 0),
	}
	i.flags(cmd, "")
	cmd.Flags().StringVar(&i.config, "config", "/etc/docker/daemon.json", "Docker's configuration")
	cmd.Flags().StringVar(&i.units, "units", "/etc/systemd/system", "systemd's folder of the node's own units")
	cmd.Flags().StringVar(&i.place.Containerd, "containerd", "", "the program of the containerd that Docker talks to")
	cmd.Flags().StringVar(&i.socket, "socket", "/run/docker.sock", "Docker's socket, asked for containers")
	cmd.Flags().StringVar(&i.bundles, "running", containerd.Running, "where its containerd keeps the bundles of running containers")
	cmd.Flags().StringVar(&i.namespace, "containerd-namespace", "moby", "as dockerd's flag of this name")
	cmd.Flags().StringArrayVar(&i.tenants, "tenant", nil, "a runtime whose containers are this tenant's (repeatable)")
	cmd.Flags().BoolVar(&i.byDefault, "default", false, "the runtime of containers that name none")
	cmd.Flags().BoolVar(&i.force, "force", false, "also when containers that run would not start again")
	if err := cmd.RegisterFlagCompletionFunc("tenant", completeTenant); err != nil {
		panic(err)
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return i.run(cmd) }
	return cmd
}

func (i *dockerInstallation) run(cmd *cobra.Command) (err error) {
	if i.place.Engine, err = program(i.place.Engine, "dockerd", "docker"); err != nil {
		return err
	}
	if found, err := program(i.place.Containerd, "containerd", "containerd"); err == nil || i.place.Containerd != "" {
		i.place.Containerd = found
	}
	if i.config, err = realFile(i.config); err != nil {
		return err
	}
	l, err := ledger(i.engine)
	if err != nil {
		return err
	}
	if _, err := os.Stat(i.units); err != nil {
		i.units = ""
	}
	in := &docker.Install{Programs: i.place, Config: i.config, Handlers: here().Handlers(), Units: i.units, Tenants: i.tenants, Default: i.byDefault, Run: runtime.Execute}
	files, err := in.Plan(cmd.Context(), l)
	if err != nil {
		return err
	}
	notes := map[string]string{"socket": i.socket, "runtimes": strings.Join(in.Runtimes(), ",")}
	var services []string
	if i.place.Takeover { // containerd remembers where it found a shim
		services = append(services, "containerd")
	}
	if in.Restart() {
		services = append(services, "docker")
	}
	notes["restart"], notes["units"] = strings.Join(services, " "), i.units
	if text, err := l.Diff(files); err == nil && len(text) > 0 {
		o := &outsiders{socket: i.socket, bundles: i.bundles, namespace: i.namespace, runtimes: notes["runtimes"]}
		if err := o.show(cmd, i.place.Takeover, i.byDefault, i.force || i.dryRun); err != nil {
			return err
		}
		if in.Restart() {
			if err := o.sayRestart(cmd); err != nil {
				return err
			}
		}
	}
	if dropped := without(l.Notes["runtimes"], notes["runtimes"]); dropped != "" && !i.force && !i.dryRun {
		if err := nonePinned(cmd.Context(), i.socket, dropped); err != nil {
			return err
		}
	}
	if err := i.carryOut(cmd, l, steps{files, in.Verify, notes}); err != nil || i.dryRun {
		return err
	}
	return sayBuilds(cmd, in.Environment())
}

// without are the names of one list that another has not.
func without(list, other string) string {
	left := slices.DeleteFunc(strings.Split(list, ","), func(name string) bool { return slices.Contains(strings.Split(other, ","), name) })
	return strings.Join(left, ",")
}

// sayBuilds says what is left to do so that steps of builds are a tenant's.
func sayBuilds(cmd *cobra.Command, environment string) error {
	w := cmd.OutOrStdout()
	if environment != "" {
		fmt.Fprintf(w, "this node has no systemd: so that steps of builds are a tenant's, dockerd needs %s\n", environment)
	}
	st, err := tenant.Open(here())
	if errors.Is(err, tenant.ErrNoPolicy) {
		return nil
	}
	if err != nil {
		return err
	}
	node, err := st.Node()
	if err == nil && node.BuildsTenant == "" {
		fmt.Fprintln(w, "steps of image builds are refused until NodePolicy.builds.tenant says whose they are")
	}
	return err
}

func uninstallDockerCommand() *cobra.Command {
	i := &installation{engine: "docker"}
	var force bool
	cmd := &cobra.Command{
		Use:   "docker [--restart] [--force] [--dry-run]",
		Short: "takes bulkhead out of Docker again",
		Long: `Puts back what bulkhead install docker has changed. Refused while Docker has
containers that were created with a runtime of bulkhead's: Docker would not start
them again.`,
		Example: "  bulkhead uninstall docker --restart",
		Args:    between(0, 0),
	}
	cmd.Flags().BoolVar(&i.dryRun, "dry-run", false, "show what would change, and change nothing")
	cmd.Flags().BoolVar(&i.restart, "restart", false, "restart Docker's service afterwards")
	cmd.Flags().BoolVar(&force, "force", false, "also while containers need the runtime")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		l, err := ledger(i.engine)
		if err != nil {
			return err
		}
		if !force && !i.dryRun && !l.Empty() {
			if err := nonePinned(cmd.Context(), l.Notes["socket"], l.Notes["runtimes"]); err != nil {
				return err
			}
			if err := noneRuns("--force"); err != nil {
				return err
			}
		}
		return i.takeOut(cmd, l)
	}
	return cmd
}
