package integration

import (
	"context"
	"strings"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// A criPod is a pod of a test.
type criPod struct {
	s *criStage
	*pods.Pod
}

// pod starts a sandbox that is removed when the test ends.
func (s *criStage) pod(namespace, handler string, change ...func(*cri.PodSandboxConfig)) *criPod {
	s.Helper()
	p, err := s.try(namespace, handler, change...)
	s.must(err)
	return p
}

// try starts a sandbox, which may fail.
func (s *criStage) try(namespace, handler string, change ...func(*cri.PodSandboxConfig)) (*criPod, error) {
	s.Helper()
	config := s.PodOf(namespace, "pod")
	for _, c := range change {
		c(config)
	}
	p, err := s.RunPod(s.ctx, config, handler)
	if err != nil {
		return nil, err
	}
	s.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := p.Remove(ctx); err != nil {
			s.Errorf("remove pod %s: %v", p.ID, err)
		}
	})
	return &criPod{s, p}, nil
}

// A criContainer is a container of a test's pod.
type criContainer struct {
	s *criStage
	*pods.Container
}

// start starts a container that runs a line of shell.
func (p *criPod) start(name, script string, change ...func(*cri.ContainerConfig)) *criContainer {
	p.s.Helper()
	c, err := p.try(name, script, change...)
	p.s.must(err)
	return &criContainer{p.s, c}
}

// sleeper starts a container that does nothing until it is killed.
func (p *criPod) sleeper(change ...func(*cri.ContainerConfig)) *criContainer {
	p.s.Helper()
	return p.start("main", "exec sleep 3600", change...)
}

func (p *criPod) try(name, script string, change ...func(*cri.ContainerConfig)) (*pods.Container, error) {
	config := p.ContainerOf(name, "sh", "-c", script)
	for _, c := range change {
		c(config)
	}
	return p.Start(p.s.ctx, config)
}

// run executes a line of shell, which must succeed.
func (c *criContainer) run(script string) string {
	c.s.Helper()
	res, err := c.Exec(c.s.ctx, "sh", "-c", script)
	c.s.must(err)
	if res.Code != 0 || res.Stderr != "" {
		c.s.Fatalf("%s: exit %d, %s", script, res.Code, res.Stderr)
	}
	return strings.TrimSpace(res.Stdout)
}

// pid is the container's first process on the host.
func (c *criContainer) pid() int {
	c.s.Helper()
	pid, err := c.Pid(c.s.ctx)
	c.s.must(err)
	return pid
}

// limits are those that the kernel holds the container to.
func (c *criContainer) limits() limits {
	c.s.Helper()
	memory, err := host.MemoryLimit.ReadInt(c.pid(), 0)
	c.s.must(err)
	pids, err := host.PidsLimit.ReadInt(c.pid(), 0)
	c.s.must(err)
	cpu, err := host.CPUQuota(c.pid(), 0)
	c.s.must(err)
	return limits{memory, pids, cpu}
}
