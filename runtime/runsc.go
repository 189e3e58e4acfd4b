package runtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// sandboxDelegate is the delegate that gives each container a kernel of its own,
// in a process on the node, its sandbox (gVisor).
const sandboxDelegate = "runsc"

// sandboxFlags are how every runsc is run: no client and no annotation can
// choose them.
//
// Without directfs the sandbox holds no capability and no right to a file: it
// runs as nobody, and asks its file server (the gofer) for each.
// Source: gVisor 160fafc42237, runsc/config/flags.go.
var sandboxFlags = []string{
	"--platform=systrap",
	"--network=sandbox",
	"--directfs=false",
	"--overlay2=root:self",
	"--host-uds=none",
	"--host-fifo=none",
	"--ignore-cgroups=false",
	"--allow-flag-override=false",
	"--net-raw=false",
}

// newFlags are added where the build knows them. A network namespace of its own
// for each gofer needs no mount in runsc's state folder.
var newFlags = []string{
	"--gofer-network-namespace=new",
	"--character-device-policy=emulated-only",
	"--allow-packet-socket-write=false",
	"--allow-rootfs-tar-annotation=false",
}

// isRunsc reports a delegate that is runsc, by what it says of itself.
func (d *Delegate) isRunsc() bool {
	return d.Features != nil && slices.ContainsFunc(d.Features.PotentiallyUnsafeConfigAnnotations, func(key string) bool {
		return strings.HasPrefix(key, "dev.gvisor.")
	})
}

// chooseFlags finds the flags that this build knows: it lists each as an
// annotation, besides.
func (d *Delegate) chooseFlags() {
	d.Flags = slices.Clone(sandboxFlags)
	for _, f := range newFlags {
		name, _, _ := strings.Cut(strings.TrimPrefix(f, "--"), "=")
		if slices.Contains(d.Features.PotentiallyUnsafeConfigAnnotations, "dev.gvisor.flag."+name) {
			d.Flags = append(d.Flags, f)
		}
	}
}

// frontName is what this program is called where it stands in front of runsc.
// runc's task service runs a delegate by its path alone: a link of this name is
// the path, and adds the flags.
const frontName = "bulkhead-runsc"

// front is what the program in front of runsc runs, in a file beside it.
type front struct {
	Path  string   `json:"path"`
	Flags []string `json:"flags"`
}

// command is the program to execute for a delegate.
func (rt *Runtime) command(d *Delegate) string {
	if d.isRunsc() {
		return filepath.Join(rt.root.Delegates(), frontName)
	}
	return d.Path
}

// putInFront makes the link and the file for a sandbox's delegate. Two
// processes make the same. A link to this program works where /run is mounted
// noexec, as a script there would not.
func (rt *Runtime) putInFront(d *Delegate) error {
	if !d.isRunsc() {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	link := rt.command(d)
	data, err := json.Marshal(front{d.Path, d.Flags})
	if err != nil {
		return err
	}
	if was, err := os.ReadFile(link + ".json"); err != nil || string(was) != string(data) {
		if err := replaceFile(link+".json", data); err != nil {
			return fmt.Errorf("put bulkhead in front of runsc: %w", err)
		}
	}
	if to, err := os.Readlink(link); err == nil && to == self {
		return nil
	}
	next := fmt.Sprintf("%s.%d", link, os.Getpid())
	if err := errors.Join(os.Symlink(self, next), os.Rename(next, link)); err != nil {
		return fmt.Errorf("put bulkhead in front of runsc: %w", err)
	}
	return nil
}

// replaceFile writes a file of root's own in one step.
func replaceFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	next := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := os.WriteFile(next, data, 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}

// InFront reports whether this process was started in runsc's place.
func InFront(args []string) bool { return len(args) > 0 && filepath.Base(args[0]) == frontName }

// BecomeRunsc replaces this process by runsc, with the flags before whatever it
// was asked, and an environment of its own. It returns only when it failed.
func BecomeRunsc(args []string) error {
	data, err := os.ReadFile(args[0] + ".json")
	if err != nil {
		return err
	}
	var f front
	if err := json.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("read %s.json: %w", args[0], err)
	}
	err = syscall.Exec(f.Path, slices.Concat([]string{f.Path}, f.Flags, withInsidePid(args[1:])), DelegateEnv)
	return fmt.Errorf("execute %s: %w", f.Path, err)
}

// hasState reports whether a delegate keeps state of a container: runc and crun
// in a folder, runsc in files named after the sandbox and the container.
func hasState(stateRoot, id string) (bool, error) {
	for _, name := range []string{id, id + "_sandbox:" + id + ".state"} {
		_, err := os.Lstat(filepath.Join(stateRoot, name))
		if !errors.Is(err, fs.ErrNotExist) {
			return err == nil, err
		}
	}
	return false, nil
}

// clearSandbox takes away what is left of a sandbox that runsc does not know, or
// no longer: when it was killed while it made one, that has no state yet, and its
// processes wait in their cgroup for orders; a failed one leaves its lock.
func clearSandbox(r *record.Record) error {
	if !sandboxed(r.Delegate) {
		return nil
	}
	if kept, err := hasState(r.StateRoot, r.ID); kept || err != nil {
		return err
	}
	errs := []error{cgroup.Discard(r.Cgroup)}
	for _, name := range []string{r.ID + "_sandbox:" + r.ID + ".lock", "runsc-" + r.ID + ".sock"} {
		if err := os.Remove(filepath.Join(r.StateRoot, name)); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// sandboxed reports a container that runs in a sandbox, by its delegate.
func sandboxed(delegate string) bool { return filepath.Base(delegate) == frontName }

// Sandboxed reports whether a container runs in a sandbox.
func (rt *Runtime) Sandboxed(c Caller) bool {
	r, err := record.Load(rt.root, c.Scope(), c.ID)
	return err == nil && sandboxed(r.Delegate)
}

// delegateFacts are what isolators know of a delegate.
func (rt *Runtime) delegateFacts(c Caller, d *Delegate) isolator.Delegate {
	root := rt.stateRoot(c)
	if d.isRunsc() {
		root = rt.root.SandboxState()
	}
	return isolator.Delegate{
		Path: rt.command(d), StateRoot: root, OCIVersionMax: d.Version, SeccompFlags: d.seccompFlags(),
		RuncVersion: d.runcVersion(), RecursiveReadOnly: d.recursiveReadOnly() || d.isRunsc(), Sandbox: d.isRunsc(),
	}
}
