package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/deploy/change"
	"github.com/bulkhead-dev/bulkhead/deploy/programs"
	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func installCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "install containerd|docker",
		Short: "makes an engine use bulkhead",
		Long: `Makes an engine of this node use bulkhead: puts the shim where the engine finds
it and, where wanted, a runtime into the engine's configuration. What will change
is shown first. What was there is kept, and bulkhead uninstall puts it back.`,
		Args: cobra.ArbitraryArgs,
		RunE: unknownEngine,
	}
	cmd.AddCommand(installContainerdCommand(), installDockerCommand())
	return cmd
}

func uninstallCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "uninstall containerd|docker",
		Short: "takes bulkhead out of an engine again",
		Long: `Puts back what bulkhead install has changed: contents, modes, owners and times of
files. What others have changed in one of these files since stays.`,
		Args: cobra.ArbitraryArgs,
		RunE: unknownEngine,
	}
	cmd.AddCommand(uninstallContainerdCommand(), uninstallDockerCommand())
	return cmd
}

func unknownEngine(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("want: %s", cmd.UseLine())
	}
	return fmt.Errorf("unknown engine %q; want containerd or docker", args[0])
}

// installation is what the engines' verbs have in common.
type installation struct {
	engine  string // also the name of its service
	place   programs.Place
	dryRun  bool
	restart bool
}

func (i *installation) flags(cmd *cobra.Command, program string) {
	own, err := os.Executable()
	if err != nil {
		own = "/usr/local/bin/bulkhead"
	}
	f := cmd.Flags()
	f.BoolVar(&i.dryRun, "dry-run", false, "show what would change, and change nothing")
	f.BoolVar(&i.restart, "restart", false, "restart the engine's service afterwards")
	f.BoolVar(&i.place.Takeover, "takeover", false, "put the shim under the stock shim's name before it on the engine's PATH")
	f.StringVar(&i.place.From, "from", filepath.Dir(own), "folder with the shim and bulkhead")
	f.StringVar(&i.place.To, "to", "", "folder for them; default: where they are if the engine finds them there, else /usr/local/bin")
	f.StringVar(&i.place.Path, "path", programs.DefaultPath, "the PATH of the engine's service")
	f.StringVar(&i.place.Engine, i.engine, program, "the engine's program")
}

// ledger is where an installation is remembered.
func ledger(engine string) (*change.Ledger, error) {
	return change.Open(here().Path("/var/lib/bulkhead/install/" + engine))
}

// steps are what differs between engines.
type steps struct {
	files  []change.File
	verify func(context.Context) error // after files were written; nil: nothing to verify
	notes  map[string]string           // for uninstall
}

// carryOut shows a plan, and makes it unless this is a dry run. What does not
// verify is undone: an earlier installation stays.
func (i *installation) carryOut(cmd *cobra.Command, l *change.Ledger, s steps) error {
	w := cmd.OutOrStdout()
	text, err := l.Diff(s.files)
	if err != nil {
		return err
	}
	if len(text) == 0 {
		fmt.Fprintf(w, "nothing to do: %s is set up so already\n", i.engine)
		return nil
	}
	if _, err := w.Write(text); err != nil || i.dryRun {
		return err
	}
	earlier, notes, err := l.Installed()
	if err != nil {
		return err
	}
	l.Notes = s.notes
	err = l.Apply(s.files)
	if err == nil && s.verify != nil {
		err = s.verify(cmd.Context())
	}
	if err != nil {
		_, back := l.Undo()
		if back == nil && len(earlier) > 0 {
			l.Notes = notes
			back = l.Apply(earlier)
		}
		if back != nil {
			return fmt.Errorf("%w; and it could not be undone: %w", err, back)
		}
		return fmt.Errorf("everything was put back: %w", err)
	}
	if _, err := tenant.Open(here()); errors.Is(err, tenant.ErrNoPolicy) {
		fmt.Fprintln(w, "no policy is in force: nothing starts by bulkhead until one is applied, best before the restart")
	}
	return i.afterwards(cmd.Context(), w, s.notes)
}

// afterwards restarts services, or says that they must be.
func (i *installation) afterwards(ctx context.Context, w io.Writer, notes map[string]string) error {
	services := notes["restart"]
	commands := [][]string{append([]string{"restart"}, strings.Fields(services)...)}
	if notes["units"] != "" { // systemd reads its units anew
		commands = slices.Insert(commands, 0, []string{"daemon-reload"})
	}
	switch {
	case services == "":
		fmt.Fprintf(w, "done; %s needs no restart\n", i.engine)
	case !i.restart:
		var words []string
		for _, args := range commands {
			words = append(words, "systemctl "+strings.Join(args, " "))
		}
		fmt.Fprintf(w, "done; it holds after: %s\n", strings.Join(words, " && "))
	default:
		for _, args := range commands {
			if _, err := runtime.Execute(ctx, runtime.DelegateEnv, nil, "systemctl", args...); err != nil {
				return err
			}
		}
		fmt.Fprintf(w, "done; restarted: %s\n", services)
	}
	return nil
}

// takeOut undoes an installation.
func (i *installation) takeOut(cmd *cobra.Command, l *change.Ledger) error {
	w := cmd.OutOrStdout()
	if l.Empty() {
		fmt.Fprintf(w, "nothing to do: nothing is installed into %s\n", i.engine)
		return nil
	}
	if i.dryRun {
		text, err := l.Diff(nil)
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	}
	done, err := l.Undo()
	if len(done) > 0 {
		fmt.Fprintln(w, strings.Join(done, "\n"))
	}
	if err != nil {
		return err
	}
	return i.afterwards(cmd.Context(), w, l.Notes)
}

// program returns the absolute path of an engine's program.
func program(path, name string, flag string) (string, error) {
	if path != "" {
		return filepath.EvalSymlinks(path)
	}
	for _, dir := range filepath.SplitList(programs.DefaultPath) {
		if found, err := filepath.EvalSymlinks(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", errors.New(name + " is not installed where services look for programs; name it with --" + flag)
}

// realFile follows the links of a file that may not be there.
func realFile(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real, nil
	}
	return path, nil
}
