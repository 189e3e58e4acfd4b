// Record starts containers on the engines as well-known public projects ask for
// them, and keeps what a shim was asked for in spec/testdata/real: the tests of
// package spec judge it. It is run by hand, when an engine's version changes.
//
// Each engine runs in namespaces of its own, where its folders have their
// ordinary names (see world.go). Nothing of the machine's is touched, and all
// ends with the recorder.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// patience bounds the recording of one engine.
const patience = 15 * time.Minute

// engines are what is recorded, each in a world of its own.
var engines = map[string]func(context.Context, *recorder) error{
	"docker":     recordDocker,
	"cri":        recordPods,
	"containerd": recordContainerd,
}

func main() {
	if filepath.Base(os.Args[0]) == "runc" {
		fail(delegate(os.Args)) // it does not return, unless in error
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	fail(run(ctx, os.Args[1:]))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "record: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 2 && args[0] == inside {
		return within(ctx, args[1])
	}
	if len(args) == 0 {
		args = []string{"docker", "cri", "containerd"}
	}
	repo, err := node.Repository()
	if err != nil {
		return err
	}
	if err := os.Chdir(repo); err != nil {
		return err
	}
	for _, name := range args {
		if engines[name] == nil {
			return fmt.Errorf("engine %q: want docker, cri or containerd", name)
		}
		if err := enter(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return dropProfiles()
}

// within records one engine, as the first process of its world.
func within(ctx context.Context, name string) error {
	if err := furnish(name); err != nil {
		return fmt.Errorf("make the engine's world: %w", err)
	}
	r := newRecorder(name)
	defer r.endEngines()
	if err := engines[name](ctx, r); err != nil {
		return errors.Join(err, r.logTail())
	}
	return r.write()
}
