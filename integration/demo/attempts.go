package main

import (
	"context"
	"fmt"
	"math/bits"
	"os"
	"path"
	"strings"

	"github.com/containerd/containerd/v2/pkg/cap"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

const (
	gets    = "What a container gets"
	when    = "What happens when it"
	refused = "refused"
)

var attempts = []attempt{
	{gets, "capabilities", posture(func(p host.Posture) string { return fmt.Sprintf("%d", bits.OnesCount64(p.Bounding)) })},
	{gets, "seccomp", posture(func(p host.Posture) string { return p.Seccomp.String() })},
	{gets, "no new privileges", posture(func(p host.Posture) string { return fmt.Sprint(p.NoNewPrivileges) })},
	{gets, "namespaces of its own", posture(ownNamespaces)},
	{gets, "cgroup above it", cgroup},
	{gets, "its limits", limits(0)},
	{gets, "its tenant's limits", limits(1)},
	{when, "forks 400 times", fork},
	{when, "allocates 512 MiB", allocate},
	{when, "execs with all capabilities", execPrivileged},
	{when, "updates its limits away", updateAway},
	{when, "asks for the host's network", hostNetwork},
	{when, "starts with no tenant", noTenant},
}

func posture(show func(host.Posture) string) func(context.Context, *node.Node, subject) (string, error) {
	return func(ctx context.Context, n *node.Node, s subject) (string, error) {
		return s.with(ctx, n, func(c *node.Container) (string, error) {
			p, err := host.PostureOf(c.Pid())
			return show(p), err
		})
	}
}

func ownNamespaces(p host.Posture) string {
	here, err := host.PostureOf(os.Getpid())
	if err != nil {
		return err.Error()
	}
	var own []string
	for _, kind := range []string{"cgroup", "ipc", "mnt", "net", "pid", "uts"} {
		if p.Namespaces[kind] != here.Namespaces[kind] {
			own = append(own, kind)
		}
	}
	return strings.Join(own, " ")
}

// cgroup shows the path without the parts that only this demo's node has.
func cgroup(ctx context.Context, n *node.Node, s subject) (string, error) {
	return s.with(ctx, n, func(c *node.Container) (string, error) {
		for _, m := range host.Cgroups(c.Pid()) {
			if len(m.Controllers) > 0 && m.Controllers[0] == "pids" {
				short := strings.NewReplacer("_"+n.Root().Installation(), "", n.Namespace(s.tenant), s.tenant)
				return path.Dir(short.Replace(m.Path)), nil
			}
		}
		return "none", nil
	})
}

func limits(up int) func(context.Context, *node.Node, subject) (string, error) {
	return func(ctx context.Context, n *node.Node, s subject) (string, error) {
		if up > 0 && s.runtime == node.Stock {
			return "none: nobody's in particular", nil
		}
		return s.with(ctx, n, func(c *node.Container) (string, error) { return limitsOf(c, up) })
	}
}

func limitsOf(c *node.Container, up int) (string, error) {
	cpu, err := host.CPUQuota(c.Pid(), up)
	if err != nil {
		return "", err
	}
	memory, err := host.MemoryLimit.ReadInt(c.Pid(), up)
	if err != nil {
		return "", err
	}
	pids, err := host.PidsLimit.ReadInt(c.Pid(), up)
	if err != nil {
		return "", err
	}
	var parts []string
	for _, l := range []struct {
		value, unit int64
		format      string
	}{{cpu, 1, "%dm CPU"}, {memory, 1 << 20, "%d MiB"}, {pids, 1, "%d tasks"}} {
		if l.value != host.Unlimited {
			parts = append(parts, fmt.Sprintf(l.format, l.value/l.unit))
		}
	}
	if parts == nil {
		return "none", nil
	}
	return strings.Join(parts, ", "), nil
}

func fork(ctx context.Context, n *node.Node, s subject) (string, error) {
	return probed(ctx, n, s, func(c *node.Container, _ int) (string, error) {
		forked, err := c.Stdout.Number(ctx, "forked")
		if forked < 400 {
			return fmt.Sprintf("%d start, the rest fail", forked), err
		}
		return fmt.Sprintf("all %d start", forked), err
	}, "fork", "400")
}

func allocate(ctx context.Context, n *node.Node, s subject) (string, error) {
	return probed(ctx, n, s, func(c *node.Container, code int) (string, error) {
		if code == 137 {
			lines := strings.Fields(strings.ReplaceAll(c.Stdout.String(), "touched", ""))
			return fmt.Sprintf("killed after %s MiB", append([]string{"0"}, lines...)[len(lines)]), nil
		}
		return "gets all of it", nil
	}, "memory", "512")
}

// probed runs the prober in a container to its end.
func probed(ctx context.Context, n *node.Node, s subject, see func(c *node.Container, code int) (string, error), args ...string) (string, error) {
	c, err := n.Run(ctx, s.container(n, append([]string{"probe"}, args...)...))
	if err != nil {
		return "", err
	}
	code, err := c.Wait(ctx)
	cell := ""
	if err == nil {
		cell, err = see(c, code)
	}
	if err := c.Delete(ctx); err != nil {
		return "", err
	}
	return cell, err
}

func execPrivileged(ctx context.Context, n *node.Node, s subject) (string, error) {
	all, err := cap.Current() // what this machine's root has; runc cannot give more
	if err != nil {
		return "", err
	}
	return s.with(ctx, n, func(c *node.Container) (string, error) {
		p, err := c.Exec(ctx, node.Run{Args: []string{"sleep", "60"}}, func(p *specs.Process) {
			p.User = specs.User{}
			p.NoNewPrivileges = false
			p.Capabilities = &specs.LinuxCapabilities{Bounding: all, Effective: all, Permitted: all}
		})
		if err != nil && strings.Contains(err.Error(), refused) { // root in a container that is not root's
			return strings.TrimSuffix(err.Error()[strings.Index(err.Error(), refused):], ": unknown"), nil
		}
		if err != nil {
			return "", err
		}
		seen, err := host.PostureOf(p.Pid())
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("it has %d", bits.OnesCount64(seen.Effective)), p.Remove(ctx)
	})
}

func updateAway(ctx context.Context, n *node.Node, s subject) (string, error) {
	return s.with(ctx, n, func(c *node.Container) (string, error) {
		unlimited := int64(-1)
		err := c.Update(ctx, &specs.LinuxResources{
			Memory: &specs.LinuxMemory{Limit: &unlimited, Swap: &unlimited},
			CPU:    &specs.LinuxCPU{Quota: &unlimited},
			Pids:   &specs.LinuxPids{Limit: &unlimited},
		})
		if err != nil {
			return "", err
		}
		return limitsOf(c, 0)
	})
}

func hostNetwork(ctx context.Context, n *node.Node, s subject) (string, error) {
	return ctr(ctx, n, n.Namespace(s.tenant), s, "it has it", "--net-host")
}

func noTenant(ctx context.Context, n *node.Node, s subject) (string, error) {
	return ctr(ctx, n, n.Namespace("stranger"), s, "it starts")
}

// ctr runs a container as somebody at a shell would, and returns what it shows.
func ctr(ctx context.Context, n *node.Node, namespace string, s subject, success string, flags ...string) (string, error) {
	res, err := n.CtrRun(ctx, namespace, s.runtime, flags, "true")
	if err != nil || res.Code == 0 {
		return success, err
	}
	i := strings.Index(res.Stderr, refused)
	if i < 0 {
		return "", res.Failed()
	}
	sentence := strings.ReplaceAll(strings.TrimSpace(res.Stderr[i:]), n.Namespace("stranger"), "stranger")
	sentence, _, _ = strings.Cut(sentence, "\n")
	return strings.TrimSuffix(strings.TrimSuffix(sentence, ": unknown"), ": failed precondition"), nil
}
