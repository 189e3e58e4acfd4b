// Package doctor says what of a policy this node can enforce, what it cannot,
// and which ways around it are open: one file a check. What the kernel can do is
// read from the kernel and follows from no version; engines and delegates are
// asked for theirs. It changes nothing, but for a cgroup of the installation
// that it makes for a moment where the node has none to look at.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Level is how bad a result is.
type Level string

const (
	OK      Level = "OK"
	Note    Level = "Note"    // the node lacks what nothing in a policy needs today
	Warning Level = "Warning" // something is enforced in part, or not at all
	Failure Level = "Failure" // tenants do not run as they should, or not at all
)

// Result is what a check says of one thing.
type Result struct {
	Check string `json:"check"`
	Level Level  `json:"level"`
	What  string `json:"what"`
	Means string `json:"means,omitempty"` // for whom it matters, and how
	Fix   string `json:"fix,omitempty"`   // how to have it
}

// A Check looks at one thing. Its name is the key of the policy that needs it,
// or a word for what many need. An error says that it could not look.
type Check struct {
	Name string
	Run  func(context.Context, *Node) ([]Result, error)
}

// Node is the node that is looked at.
type Node struct {
	Root  tenant.Root // of the installation
	Host  string      // folder below which the node's own files are: "/"
	Facts isolator.NodeFacts
	Tree  *cgroup.Tree

	once   sync.Once // engines are looked for by the first check that asks
	found  []Engine
	unread error
}

// v2 reports whether the node has cgroup v2 only.
func (n *Node) v2() bool { return n.Facts.Cgroup == "v2" }

// has reports whether a limit can be set with a controller.
func (n *Node) has(controller string) bool { return slices.Contains(n.Facts.Controllers, controller) }

var checks []Check

func register(c Check) Check {
	checks = append(checks, c)
	return c
}

// Look finds out what the checks need to know of the node.
func Look(rt *runtime.Runtime) (*Node, error) {
	facts, err := rt.NodeFacts()
	if err != nil {
		return nil, err
	}
	return &Node{Root: rt.Root(), Host: "/", Facts: facts, Tree: rt.Tree()}, nil
}

// Run runs all checks, by name. Its error says which could not look; the others
// did.
func Run(ctx context.Context, n *Node) ([]Result, error) {
	return run(ctx, n, checks)
}

func run(ctx context.Context, n *Node, checks []Check) ([]Result, error) {
	checks = slices.SortedFunc(slices.Values(checks), func(a, b Check) int { return strings.Compare(a.Name, b.Name) })
	all, errs := []Result{}, []error(nil)
	for _, c := range checks {
		results, err := c.Run(ctx, n)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.Name, err))
		}
		for _, r := range results {
			r.Check = c.Name
			all = append(all, r)
		}
	}
	return all, errors.Join(errs...)
}

func ok(format string, args ...any) []Result {
	return []Result{{Level: OK, What: fmt.Sprintf(format, args...)}}
}

// toV2 is how a node comes to cgroup v2.
func toV2() string {
	if cgroup.Booted() {
		return "boot with systemd.unified_cgroup_hierarchy=1"
	}
	return "boot the node with cgroup v2 alone at /sys/fs/cgroup"
}
