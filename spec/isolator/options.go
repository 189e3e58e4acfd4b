package isolator

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
)

/*
options: what the engine tells the shim about the delegate.

Owns     the runtime options of a Create
Rule     The delegate and its state folder are the node's; the cgroup driver and
         the owner of the pipes follow from the spec. The state folder that Docker
         names for every container behind runc's own runtime type may be named,
         and is not used. Another delegate or folder, no pivot_root, no new keyring, CRIU paths, a cgroup for the shim and an
         address of the task API are refused.
Because  They replace the delegate, leave the node's root reachable, share keys,
         or move the shim (attack rows 6, 9, 34).
Escape   none; NodePolicy.delegates and the tenant's delegate choose the
         program, and NodePolicy.engineRoots lists a Docker's --exec-root.
*/

var _ = register(Isolator{
	Name:    "options",
	Owns:    []string{"/options"},
	Reason:  "follows from the node and the spec",
	Leq:     optionsLeq,
	Rewrite: ownOptions,
	Holds:   optionsHold,
})

// plainDelegate is what engines send when nobody configured anything: a name,
// which would be looked up in the PATH of the shim.
const plainDelegate = "runc"

func ownOptions(c *Case, r *Request) error {
	o, facts := r.Options, c.Facts.Delegate
	denials := []error{
		chosen("binaryName", o.BinaryName, plainDelegate, facts.Path),
		chosen("root", o.Root, append(dockerStates(c), facts.StateRoot)...),
		chosen("shimCgroup", o.ShimCgroup),
		chosen("criuImagePath", o.CriuImagePath),
		chosen("criuWorkPath", o.CriuWorkPath),
		chosen("taskApiAddress", o.TaskAPIAddress),
		off("noPivotRoot", o.NoPivotRoot),
		off("noNewKeyring", o.NoNewKeyring),
	}
	r.Options = DelegateOptions(c.Facts, c.Asked.Spec, c.Shape.Cgroup)
	r.Options.TaskAPIVersion = o.TaskAPIVersion
	return errors.Join(denials...)
}

// chosen denies a value that is neither absent nor one of those accepted.
func chosen(name, value string, accepted ...string) error {
	if value == "" || slices.Contains(accepted, value) {
		return nil
	}
	d := &Denial{"options", "options." + name, strconv.Quote(value), "none, or the node's own", Nothing}
	switch name {
	case "binaryName":
		d.Allow = "NodePolicy.delegates"
	case "root":
		d.Allow = "NodePolicy.engineRoots, if it is runtime-runc below the --exec-root of a Docker"
	}
	return d
}

// dockerStates are the state folders that dockerd names, below its --exec-root
// (moby 20.10 to 29, daemon/runtime_unix.go): of the one by default, and of those
// that the node lists. The delegate is told its own all the same.
func dockerStates(c *Case) []string {
	states := []string{"/var/run/docker/runtime-runc", "/run/docker/runtime-runc"}
	if c.Facts.Engine == CRI {
		return nil
	}
	for _, root := range c.Node.EngineRoots {
		states = append(states, path.Join(root, "runtime-runc"))
	}
	return states
}

func off(name string, value bool) error {
	if !value {
		return nil
	}
	return &Denial{"options", "options." + name, "true", "false", Nothing}
}

func optionsHold(c *Case, r *Request) error {
	want := DelegateOptions(c.Facts, r.Spec, cgroupPath(c.Facts, r))
	want.TaskAPIVersion = r.Options.TaskAPIVersion
	if r.Options != want {
		return &Denial{"options", "options", fmt.Sprintf("%+v", r.Options), fmt.Sprintf("%+v", want), Nothing}
	}
	return nil
}

// optionsLeq compares what is a right. Which delegate runs with which state
// folder and cgroup driver, and who owns the pipes, are the node's facts.
func optionsLeq(a, b *Request) bool {
	x, y := a.Options, b.Options
	within := func(p, q string) bool { return p == "" || p == q }
	return (!x.NoPivotRoot || y.NoPivotRoot) && (!x.NoNewKeyring || y.NoNewKeyring) &&
		within(x.ShimCgroup, y.ShimCgroup) && within(x.TaskAPIAddress, y.TaskAPIAddress) &&
		within(x.CriuImagePath, y.CriuImagePath) && within(x.CriuWorkPath, y.CriuWorkPath)
}
