// Package shim speaks containerd's runtime v2 protocol: it wraps upstream's
// runc task service, passes every Create, Exec and Update through package
// runtime, and leaves the rest alone. State, Kill, Delete, Wait and Shutdown
// read no policy. Nothing else in Bulkhead knows containerd.
//
// It trusts the engine's socket and the node's policy. What the engine forwards
// (specs, options, annotations, stdio) is the tenant's until decided.
package shim

import (
	"context"
	"fmt"
	"os"
	goruntime "runtime"

	ctrshim "github.com/containerd/containerd/v2/pkg/shim"
	ctrversion "github.com/containerd/containerd/v2/version"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Name is what an engine calls this runtime.
const Name = "io.containerd.bulkhead.v2"

// Main runs one of the shim's actions: start, delete, -info, -v, or serving. In
// runsc's place it becomes runsc.
func Main(version string) {
	if runtime.InFront(os.Args) {
		fail(runtime.BecomeRunsc(os.Args))
	}
	pruneEnvironment()
	args, err := parseArguments(os.Args[1:])
	if err != nil {
		fail(err)
	}
	if args.version {
		fmt.Printf("containerd-shim-bulkhead-v2 %s (containerd %s, %s)\n", version, ctrversion.Version, goruntime.Version())
		return
	}
	root := tenant.FromEnv()
	ctx := context.Background()
	if args.action == "start" {
		done, err := startLegacy(ctx, &engineManager{runtime.New(root, runtime.Execute)}, args)
		if err != nil {
			fail(err)
		}
		if done {
			return
		}
	}
	run := runtime.Execute
	if args.action == "" && !args.info {
		run = executeReaped
		registerTaskService(runtime.New(root, run))
	}
	ctrshim.RunShim(ctx, &engineManager{runtime.New(root, run)})
}

func fail(err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", Name, err)
	os.Exit(1)
}
