package pods

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// A Container is one of a pod.
type Container struct {
	ID   string
	Name string

	pod *Pod
}

// ContainerOf is what a kubelet asks for, for a container that runs a command and
// asks for nothing in particular. Source: kubelet 1.36,
// pkg/kubelet/kuberuntime/kuberuntime_container.go.
func (p *Pod) ContainerOf(name string, argv ...string) *cri.ContainerConfig {
	return &cri.ContainerConfig{
		Metadata: &cri.ContainerMetadata{Name: name},
		Image:    &cri.ImageSpec{Image: node.ImageName},
		Command:  argv,
		Mounts:   []*cri.Mount{{ContainerPath: "/etc/hosts", HostPath: filepath.Join(p.folder(), "etc-hosts")}},
		LogPath:  name + ".log",
		Labels: map[string]string{
			"io.kubernetes.container.name": name,
			"io.kubernetes.pod.name":       p.Config.Metadata.Name, "io.kubernetes.pod.namespace": p.Namespace, "io.kubernetes.pod.uid": p.Config.Metadata.Uid,
		},
		Linux: &cri.LinuxContainerConfig{
			Resources: &cri.LinuxContainerResources{CpuPeriod: 100000, CpuShares: 2, OomScoreAdj: 1000},
			SecurityContext: &cri.LinuxContainerSecurityContext{
				NamespaceOptions: p.Config.Linux.SecurityContext.NamespaceOptions, RunAsUser: &cri.Int64Value{},
				Seccomp:     &cri.SecurityProfile{ProfileType: cri.SecurityProfile_Unconfined},
				MaskedPaths: []string{"/proc/kcore"}, ReadonlyPaths: []string{"/proc/sys"},
			},
		},
	}
}

// Start creates a container and starts it. One that does not start is removed.
func (p *Pod) Start(ctx context.Context, config *cri.ContainerConfig) (*Container, error) {
	made, err := p.n.Runtime.CreateContainer(ctx, &cri.CreateContainerRequest{PodSandboxId: p.ID, Config: config, SandboxConfig: p.Config})
	if err != nil {
		return nil, err
	}
	c := &Container{ID: made.ContainerId, Name: config.Metadata.Name, pod: p}
	_, err = p.n.Runtime.StartContainer(ctx, &cri.StartContainerRequest{ContainerId: c.ID})
	if p.n.counts.add(&p.n.counts.containers, err); err != nil {
		_ = c.Remove(ctx) // the refusal is what counts, and the pod takes the rest with it
		return nil, err
	}
	return c, nil
}

// Remove removes a container, killed if it runs.
func (c *Container) Remove(ctx context.Context) error {
	_, err := c.pod.n.Runtime.RemoveContainer(ctx, &cri.RemoveContainerRequest{ContainerId: c.ID})
	return err
}

// Stop asks a container's process to end, and kills it after a while.
func (c *Container) Stop(ctx context.Context, after time.Duration) error {
	_, err := c.pod.n.Runtime.StopContainer(ctx, &cri.StopContainerRequest{ContainerId: c.ID, Timeout: int64(after.Seconds())})
	return err
}

// Status is what containerd says of the container.
func (c *Container) Status(ctx context.Context) (*cri.ContainerStatus, error) {
	said, err := c.pod.n.Runtime.ContainerStatus(ctx, &cri.ContainerStatusRequest{ContainerId: c.ID})
	return said.GetStatus(), err
}

// Wait waits for the container's end, and returns its exit code.
func (c *Container) Wait(ctx context.Context) (int, error) {
	var status *cri.ContainerStatus
	var failed error
	err := node.Await(ctx, func() bool {
		status, failed = c.Status(ctx)
		return failed != nil || status.State == cri.ContainerState_CONTAINER_EXITED
	})
	if err != nil || failed != nil {
		return 0, fmt.Errorf("container %s: %w: %v", c.Name, err, failed)
	}
	return int(status.ExitCode), nil
}

// Pid is the id of the container's first process on the host.
func (c *Container) Pid(ctx context.Context) (int, error) {
	said, err := c.pod.n.Runtime.ContainerStatus(ctx, &cri.ContainerStatusRequest{ContainerId: c.ID, Verbose: true})
	if err != nil {
		return 0, err
	}
	var info struct{ Pid int }
	err = json.Unmarshal([]byte(said.Info["info"]), &info)
	return info.Pid, err
}

// Exec runs a command in the container to its end, as a probe does.
func (c *Container) Exec(ctx context.Context, argv ...string) (node.Result, error) {
	said, err := c.pod.n.Runtime.ExecSync(ctx, &cri.ExecSyncRequest{ContainerId: c.ID, Cmd: argv, Timeout: int64(node.Patience(20 * time.Second).Seconds())})
	if c.pod.n.counts.add(&c.pod.n.counts.execs, err); err != nil {
		return node.Result{}, err
	}
	return node.Result{Stdout: string(said.Stdout), Stderr: string(said.Stderr), Code: int(said.ExitCode)}, nil
}

// Update asks for other resources.
func (c *Container) Update(ctx context.Context, r *cri.LinuxContainerResources) error {
	_, err := c.pod.n.Runtime.UpdateContainerResources(ctx, &cri.UpdateContainerResourcesRequest{ContainerId: c.ID, Linux: r})
	return err
}

// Log is what the container wrote on a stream, from its log file: lines of time,
// stream, a tag and text (kubelet, KEP 2258).
func (c *Container) Log(stream string) (string, error) {
	data, err := os.ReadFile(filepath.Join(c.pod.Config.LogDirectory, c.Name+".log"))
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		parts := strings.SplitN(line, " ", 4)
		if len(parts) != 4 {
			return "", fmt.Errorf("container %s logged %q", c.Name, line)
		}
		if parts[1] == stream {
			b.WriteString(parts[3])
		}
	}
	return b.String(), err
}
