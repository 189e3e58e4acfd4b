package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/deploy/containerd"
	"github.com/bulkhead-dev/bulkhead/runtime"
)

func installContainerdCommand() *cobra.Command {
	i := &installation{engine: "containerd"}
	var config, running string
	var cri, byDefault bool
	cmd := &cobra.Command{
		Use:   "containerd [--cri [--default]] [--takeover] [--restart] [--dry-run]",
		Short: "makes containerd use bulkhead",
		Long: `Puts the shim where containerd finds it, as runtime io.containerd.bulkhead.v2; ctr
and nerdctl need no more, and containerd no
restart.

With --cri Kubernetes gets the runtime handler "bulkhead": as a drop-in where
config.toml imports a folder of them and containerd merges (2.x), else in
config.toml itself, of version 2, 3 or 4. Nothing else in it changes, neither
order nor comments; before it is kept, containerd is asked what it reads, and if
it differs in more than this handler, all is put back. Namespaces with running
pods that need the host are proposed as exemptions.

With --default the handler is that of every pod that names none. With --takeover
containers that ask for the stock shim get bulkhead too: it is then no way out.`,
		Example: "  bulkhead install containerd --cri --dry-run\n  bulkhead install containerd --cri --restart",
		Args:    between(0, 0),
	}
	i.flags(cmd, "")
	cmd.Flags().StringVar(&config, "config", "/etc/containerd/config.toml", "containerd's configuration")
	cmd.Flags().StringVar(&running, "running", containerd.Running, "where containerd keeps the bundles of running containers")
	cmd.Flags().BoolVar(&cri, "cri", false, "a runtime handler for Kubernetes")
	cmd.Flags().BoolVar(&byDefault, "default", false, "with --cri: the handler of pods that name none")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if i.place.Engine, err = program(i.place.Engine, "containerd", "containerd"); err != nil {
			return err
		}
		if config, err = realFile(config); err != nil {
			return err
		}
		l, err := ledger(i.engine)
		if err != nil {
			return err
		}
		in := &containerd.Install{Programs: i.place, Config: config, CRI: cri, Default: byDefault, Run: runtime.Execute}
		files, err := in.Plan(cmd.Context(), l)
		if err != nil {
			return err
		}
		notes := map[string]string{}
		if cri || i.place.Takeover { // containerd remembers where it found a shim
			notes["restart"] = "containerd"
		}
		if err := i.carryOut(cmd, l, steps{files, in.Verify, notes}); err != nil || !cri {
			return err
		}
		return proposeExemptions(cmd, running)
	}
	return cmd
}

func uninstallContainerdCommand() *cobra.Command {
	i := &installation{engine: "containerd"}
	cmd := &cobra.Command{
		Use:     "containerd [--restart] [--dry-run]",
		Short:   "takes bulkhead out of containerd again",
		Long:    `Puts back what bulkhead install containerd has changed. Containers of bulkhead's that run go on, and can be deleted only while its shim is there: end them first.`,
		Example: "  bulkhead uninstall containerd --restart",
		Args:    between(0, 0),
	}
	var force bool
	cmd.Flags().BoolVar(&i.dryRun, "dry-run", false, "show what would change, and change nothing")
	cmd.Flags().BoolVar(&i.restart, "restart", false, "restart containerd's service afterwards")
	cmd.Flags().BoolVar(&force, "force", false, "also while containers of bulkhead's run")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		l, err := ledger(i.engine)
		if err != nil {
			return err
		}
		if !force && !i.dryRun && !l.Empty() {
			if err := noneRuns("--force"); err != nil {
				return err
			}
		}
		return i.takeOut(cmd, l)
	}
	return cmd
}

// noneRuns refuses while containers run that only the shim can delete.
func noneRuns(unless string) error {
	names, err := containersOfOurs()
	if err != nil || len(names) == 0 {
		return err
	}
	return fmt.Errorf("%d containers of bulkhead's run, the first is %s; end them first, or add %s", len(names), names[0], unless)
}
