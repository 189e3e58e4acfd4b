package main

import (
	"context"
	"fmt"
	"math/bits"
	"strings"

	"github.com/containerd/containerd/v2/pkg/cap"
	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// onContainerd is a containerd, whose namespaces are the tenants'.
type onContainerd struct{ *node.Node }

func startContainerd(ctx context.Context) (engine, error) {
	debian, err := node.Debian() // a newer one would have to be built first
	if err != nil {
		return nil, err
	}
	progress("starting a private %s", debian.Name)
	n, err := node.Start(ctx, debian)
	if err != nil {
		return nil, err
	}
	progress("applying tenants acme (baseline) and umbrella (restricted)")
	return onContainerd{n}, n.Apply(ctx, policy)
}

func (e onContainerd) client() string { return "ctr" }
func (e onContainerd) most() attempt  { return mostByExec }
func (e onContainerd) close() error   { return e.Close() }
func (e onContainerd) remove() error  { return e.Remove() }

func (e onContainerd) short(path string) string {
	return strings.NewReplacer("_"+e.Root().Installation(), "", e.Namespace(""), "").Replace(path)
}

func runtimeOf(s subject) string {
	if s.stock {
		return node.Stock
	}
	return node.Bulkhead
}

func (e onContainerd) run(ctx context.Context, s subject, args ...string) (container, error) {
	c, err := e.Run(ctx, node.Run{
		Namespace: e.Namespace(s.tenant), Runtime: runtimeOf(s), Args: args,
		Spec: []oci.SpecOpts{oci.WithUserID(1000)},
	})
	return ofContainerd{c}, err
}

func (e onContainerd) hostNetwork(ctx context.Context, s subject) (string, error) {
	return e.ctr(ctx, e.Namespace(s.tenant), s, "--net-host")
}

func (e onContainerd) noTenant(ctx context.Context, s subject) (string, error) {
	said, err := e.ctr(ctx, e.Namespace("stranger"), s)
	return strings.ReplaceAll(said, e.Namespace("stranger"), "stranger"), err
}

func (e onContainerd) ctr(ctx context.Context, namespace string, s subject, flags ...string) (string, error) {
	res, err := e.CtrRun(ctx, namespace, runtimeOf(s), flags, "true")
	if err != nil || res.Code == 0 {
		return "", err
	}
	return res.Stderr, nil
}

// ofContainerd is a container of containerd's.
type ofContainerd struct{ *node.Container }

func (c ofContainerd) delete(ctx context.Context) error { return c.Delete(ctx) }

func (c ofContainerd) wait(ctx context.Context) (string, int, error) {
	code, err := c.Wait(ctx)
	return c.Stdout.String(), code, err
}

func (c ofContainerd) exec(ctx context.Context) (string, error) {
	all, err := cap.Current() // what this machine's root has; runc cannot give more
	if err != nil {
		return "", err
	}
	p, err := c.Exec(ctx, node.Run{Args: []string{"sleep", "60"}}, func(p *specs.Process) {
		p.User = specs.User{}
		p.NoNewPrivileges = false
		p.Capabilities = &specs.LinuxCapabilities{Bounding: all, Effective: all, Permitted: all}
	})
	if err != nil && sentence(err.Error()) != "" { // root in a container that is not root's
		return sentence(err.Error()), nil
	}
	if err != nil {
		return "", err
	}
	seen, err := host.PostureOf(p.Pid())
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("it has %d", bits.OnesCount64(seen.Effective)), p.Remove(ctx)
}

func (c ofContainerd) lift(ctx context.Context) error {
	unlimited := int64(-1)
	return c.Update(ctx, &specs.LinuxResources{
		Memory: &specs.LinuxMemory{Limit: &unlimited, Swap: &unlimited},
		CPU:    &specs.LinuxCPU{Quota: &unlimited},
		Pids:   &specs.LinuxPids{Limit: &unlimited},
	})
}
