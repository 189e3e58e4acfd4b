// Package cgroup keeps the tenants' own cgroups: the parents of all containers
// of one tenant, which carry the limits that they have together. A tenant's
// cgroup is below its parent tenant's, is made by whoever needs it first, holds
// no process itself, and goes with the last container below it.
//
// It serves cgroup v1, hybrid and v2. Where systemd has the cgroups of a v2 node,
// tenants' are its slices, since it takes back what others write; elsewhere they
// are directories. All of the kernel's files are written
// by github.com/opencontainers/cgroups.
//
// The package trusts the policy and the records of the installation, and touches
// nothing but the installation's cgroups and its files below run/bulkhead.
package cgroup

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// ErrUnsupported says that this node cannot hold a limit, or cannot hold any.
var ErrUnsupported = errors.New("not supported on this node")

var errNested = fmt.Errorf("%w: memory.use_hierarchy is off, so that a tenant's memory limit would not bind its containers", ErrUnsupported)

// Tree is the cgroups of one installation on this node.
type Tree struct {
	root   tenant.Root
	slices Slices
}

// New returns the cgroups of an installation. slices is asked only where
// systemd is the node's init.
func New(root tenant.Root, slices Slices) *Tree { return &Tree{root: root, slices: slices} }

// Tenant is a tenant with all that decides what its cgroup holds.
type Tenant struct {
	*tenant.Policy
	Node   *tenant.Node
	Parent *Tenant // nil: it has none
	InPods InPods

	// LeastCPUMilli is the quota of a container that is about to be made: on
	// cgroup v1 the kernel lets no child have a larger one than its parent, so
	// what pods leave of the CPU is never less there.
	LeastCPUMilli int64
}

// InPods is what the tenant's pods, and those of tenants below it, have been
// given of its limits. Pods are not below its cgroup, which holds the rest.
type InPods struct {
	CPUMilli, MemoryBytes, Pids int64
}

// chain names a tenant and its ancestors, the outermost first.
func chain(p *tenant.Policy) []string {
	return append(p.Ancestors[:len(p.Ancestors):len(p.Ancestors)], p.Name)
}

// v2 reports whether the node has the unified hierarchy only.
func v2() bool { return cgroups.IsCgroup2UnifiedMode() }

// Booted reports whether systemd is the node's init, as sd_booted(3) does.
var Booted = sync.OnceValue(func() bool {
	info, err := os.Lstat("/run/systemd/system")
	return err == nil && info.IsDir()
})

// systemd reports whether tenants' cgroups are its slices. On cgroup v1 it leaves alone what is
// not its units', and a container's scope below a slice of ours loses its device
// rules there: systemd 252 moves the process to the devices cgroup of the slice.
func systemd() bool { return v2() && Booted() }
