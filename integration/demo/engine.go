package main

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// An engine is what the demo's containers run on: with two tenants, somebody who
// is none, and the stock shim.
type engine interface {
	// run starts a container for a subject, whose user is not root, as level
	// restricted wants it.
	run(ctx context.Context, s subject, args ...string) (container, error)
	// hostNetwork and noTenant start one as somebody at a shell would, and return
	// what the engine's client said, nothing if it ran.
	hostNetwork(ctx context.Context, s subject) (said string, err error)
	noTenant(ctx context.Context, s subject) (said string, err error)
	// most is how somebody with the engine's client would try to have every
	// capability.
	most() attempt
	// short is a cgroup's path without the parts that only the demo has.
	short(path string) string
	// client is the program that says why.
	client() string
	// close takes everything away, and says what containers had left; remove
	// does so while some may run.
	close() error
	remove() error
}

// A container is one that runs, or ran.
type container interface {
	Pid() int
	// wait returns what it printed and its exit code.
	wait(ctx context.Context) (stdout string, code int, err error)
	// lift asks for other limits: none, or as large as the client can say.
	lift(ctx context.Context) error
	delete(ctx context.Context) error
}

// A counter is an engine whose containers are not in their tenant's cgroup.
type counter interface {
	// counted is what holds of the tenant's limits instead.
	counted() string
}

// An executor is a container in which its engine's clients can ask for more than
// the container has.
type executor interface {
	// exec starts a further process that asks for root and all capabilities, and
	// returns how many it has.
	exec(ctx context.Context) (capabilities string, err error)
}

// start starts the engine that ENGINE names.
func start(ctx context.Context) (engine, error) {
	switch name := os.Getenv("ENGINE"); name {
	case "", "containerd":
		return startContainerd(ctx)
	case "docker":
		return startDocker(ctx)
	case "cri":
		return startCRI(ctx)
	default:
		return nil, fmt.Errorf("ENGINE is %q, want containerd, docker or cri", name)
	}
}

// sentence is that of a refusal in what a client said, "" if there is none.
func sentence(said string) string {
	i := strings.Index(said, refused)
	if i < 0 {
		return ""
	}
	line, _, _ := strings.Cut(strings.TrimSpace(said[i:]), "\n")
	for _, kind := range []string{".", ": unknown", ": failed precondition"} {
		line = strings.TrimSuffix(line, kind)
	}
	return line
}
