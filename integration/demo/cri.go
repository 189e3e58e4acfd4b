package main

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"runtime"
	"strings"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// onCRI is a containerd that serves the CRI, whose pods' Kubernetes namespaces
// are the tenants'.
type onCRI struct{ *pods.Node }

func startCRI(ctx context.Context) (engine, error) {
	debian, err := node.Debian() // a newer one would have to be built first
	if err != nil {
		return nil, err
	}
	progress("starting a private %s with its CRI plugin and a bridge for pods", debian.Name)
	n, err := pods.Start(ctx, debian, ofPods)
	if err != nil {
		return nil, err
	}
	progress("applied tenants acme (baseline) and umbrella (restricted), who own the Kubernetes namespaces of these names")
	return onCRI{n}, nil
}

// ofPods is the policy, of tenants who own Kubernetes namespaces.
func ofPods(n *node.Node) node.Policy {
	return node.Policy{Tenants: policy.Tenants, Pods: true, Node: pods.EngineRoots(n)}
}

func (e onCRI) client() string { return "the CRI" }
func (e onCRI) close() error   { return e.Close() }
func (e onCRI) remove() error  { return e.Remove() }

func (e onCRI) short(path string) string {
	return strings.NewReplacer(e.Cgroup(), "kubepods").Replace(path)
}

// counted is of pods, which stay in the cgroup that a kubelet made.
func (e onCRI) counted() string { return "counted over its pods" }

func handlerOf(s subject) string {
	if s.stock {
		return pods.Stock
	}
	return pods.ByType
}

func (e onCRI) run(ctx context.Context, s subject, args ...string) (container, error) {
	p, err := e.RunPod(ctx, restricted(e.PodOf(s.tenant, "pod")), handlerOf(s))
	if err != nil {
		return nil, err
	}
	config := p.ContainerOf("main", args...)
	config.Linux.SecurityContext.RunAsUser = &cri.Int64Value{Value: 1000}
	return of(ctx, p, config)
}

// of starts the only container of a pod, or takes the pod away.
func of(ctx context.Context, p *pods.Pod, config *cri.ContainerConfig) (container, error) {
	c, err := p.Start(ctx, config)
	if err != nil {
		return nil, errors.Join(err, p.Remove(ctx))
	}
	pid, err := c.Pid(ctx)
	return ofPod{c, p, pid}, err
}

// most is a privileged container of a pod: over the CRI an exec cannot ask for
// more than its container.
func (e onCRI) most() attempt { return attempt{when, "is privileged", asPrivileged} }

func asPrivileged(ctx context.Context, e engine, s subject) (string, error) {
	on := e.(onCRI)
	asked := on.PodOf(s.tenant, "pod")
	asked.Linux.SecurityContext.Privileged = true
	p, err := on.RunPod(ctx, asked, handlerOf(s))
	if err != nil && sentence(err.Error()) != "" {
		return sentence(err.Error()), nil
	}
	if err != nil {
		return "", err
	}
	config := p.ContainerOf("main", "sleep", "60")
	config.Linux.SecurityContext.Privileged = true
	c, err := of(ctx, p, config)
	if err != nil {
		return sentence(err.Error()), nil
	}
	seen, err := host.PostureOf(c.Pid())
	if err := c.delete(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("it has %d capabilities", bits.OnesCount64(seen.Effective)), err
}

// restricted is a pod whose sandbox level restricted takes: with a user who is
// not root.
func restricted(c *cri.PodSandboxConfig) *cri.PodSandboxConfig {
	c.Linux.SecurityContext.RunAsUser = &cri.Int64Value{Value: 1000}
	return c
}

func (e onCRI) hostNetwork(ctx context.Context, s subject) (string, error) {
	asked := restricted(e.PodOf(s.tenant, "pod"))
	asked.Hostname = "" // which goes with the network
	asked.Linux.SecurityContext.NamespaceOptions.Network = cri.NamespaceMode_NODE
	return e.ask(ctx, asked, s)
}

func (e onCRI) noTenant(ctx context.Context, s subject) (string, error) {
	return e.ask(ctx, e.PodOf("stranger", "pod"), s)
}

// ask starts a pod and removes it, and returns what containerd said against it.
func (e onCRI) ask(ctx context.Context, asked *cri.PodSandboxConfig, s subject) (string, error) {
	p, err := e.RunPod(ctx, asked, handlerOf(s))
	if err != nil {
		return err.Error(), nil
	}
	return "", p.Remove(ctx)
}

// ofPod is the only container of a pod.
type ofPod struct {
	*pods.Container
	pod *pods.Pod
	pid int
}

func (c ofPod) Pid() int { return c.pid }

func (c ofPod) delete(ctx context.Context) error { return c.pod.Remove(ctx) }

func (c ofPod) wait(ctx context.Context) (string, int, error) {
	code, err := c.Wait(ctx)
	if err != nil {
		return "", 0, err
	}
	text, err := c.Log("stdout")
	return text, code, err
}

func (c ofPod) lift(ctx context.Context) error {
	return c.Update(ctx, &cri.LinuxContainerResources{MemoryLimitInBytes: 64 << 30, CpuPeriod: 100000, CpuQuota: 100000 * int64(runtime.NumCPU())})
}
