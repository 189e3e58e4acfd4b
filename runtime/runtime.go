// Package runtime is the way through, from a request and its facts to a
// container that a delegate may start, and the only door to a delegate (runc).
// It knows nothing of containerd: a shim calls it, and so can a command line.
//
// It decides with package spec, remembers with runtime/record, bounds the
// tenant with runtime/cgroup, and promises that a refused request leaves
// nothing on the host.
package runtime

import (
	"context"
	"sync"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Runtime is one installation on this node.
type Runtime struct {
	root tenant.Root
	run  Runner
	tree *cgroup.Tree

	facts func() (isolator.NodeFacts, error) // found once
}

// Runner executes a program with exactly this environment and standard input
// and returns its standard output. A process that reaps all its children
// brings its own.
type Runner func(ctx context.Context, env []string, stdin []byte, program string, args ...string) ([]byte, error)

// New returns the installation below a root.
func New(root tenant.Root, run Runner) *Runtime {
	rt := &Runtime{root: root, run: run, facts: sync.OnceValues(nodeFacts)}
	rt.tree = cgroup.New(root, rt.orderSlice)
	return rt
}

// Root is where the installation keeps its own.
func (rt *Runtime) Root() tenant.Root { return rt.root }
