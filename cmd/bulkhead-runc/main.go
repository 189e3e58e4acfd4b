// Command bulkhead-runc is the command line of an OCI runtime (runc's) in front
// of the same rewrite as the shim's, for engines that never reach a shim:
// BuildKit, Podman, Buildah. It finds the container's tenant, rewrites
// config.json, puts the container below the tenant's cgroup, and hands it to the
// node's delegate.
//
// It trusts who runs it, which is an engine of root's, and the node's policy.
// What is in the bundle is the tenant's until decided.
package main

import (
	"context"
	"fmt"
	"os"
)

// version is set by the build.
var version = "dev"

// verbs are the commands of runc. Those that bring nothing to decide are the
// delegate's own, with the state folder that the container is in.
var verbs = map[string]func(context.Context, *invocation) error{
	"create": create, "run": run, "exec": execute, "update": update, "delete": remove,
	"checkpoint": checkpoint, "restore": restore,
	"start": start, "state": pass, "kill": pass, "ps": pass, "pause": pass, "resume": pass, "events": pass, "list": pass,
	"features": plain, "spec": plain,
}

func main() {
	inv, err := parse(os.Args)
	if err == nil {
		err = inv.dispatch(context.Background())
	}
	os.Exit(inv.exit(err))
}

func (inv *invocation) dispatch(ctx context.Context) error {
	switch verb, known := verbs[inv.verb]; {
	case inv.help || inv.verb == "help":
		fmt.Print(help)
		return nil
	case inv.version:
		return printVersion(ctx, inv)
	case !known:
		return fmt.Errorf("%q is no command of an OCI runtime; see: bulkhead-runc --help", inv.verb)
	case os.Geteuid() != 0 && inv.decides():
		return fmt.Errorf("%s needs root; an engine without it cannot put a container below its tenant's cgroup", inv.verb)
	default:
		return verb(ctx, inv)
	}
}

// decides reports a command that starts or changes something.
func (inv *invocation) decides() bool {
	switch inv.verb {
	case "create", "run", "exec", "update", "restore":
		return true
	}
	return false
}

// printVersion begins with the delegate's own answer, which engines parse.
func printVersion(ctx context.Context, inv *invocation) error {
	d, err := inv.rt.DefaultDelegate(ctx)
	if err != nil {
		fmt.Printf("bulkhead-runc version %s\n", version)
		return err
	}
	out, err := inv.rt.Ask(ctx, d, "--version")
	fmt.Printf("%sbulkhead-runc: %s\n", out, version)
	return err
}
