package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"syscall"

	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/cio"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Run says what container to start. Only the namespace is necessary.
type Run struct {
	Namespace string
	ID        string // fresh if empty
	Runtime   string // Bulkhead if empty
	Options   any    // the runtime's, as a protobuf message
	Args      []string
	Spec      []oci.SpecOpts
	Terminal  bool
	Stdin     io.Reader
	Task      []client.NewTaskOpts
	LogURI    *url.URL // instead of captured output
}

// Container is a container with its task.
type Container struct {
	*Process
	Namespace, ID string

	node      *Node
	task      client.Task
	container client.Container
}

// Create makes a container and its task, which is not started yet. After an
// error nothing of it is left in containerd.
func (n *Node) Create(ctx context.Context, r Run) (*Container, error) {
	ctx = namespaces.WithNamespace(ctx, r.Namespace)
	image, err := n.Image(ctx, r.Namespace)
	if err != nil {
		return nil, err
	}
	if r.ID == "" {
		if r.ID, err = n.ID(r.Namespace); err != nil {
			return nil, err
		}
	}
	if r.Runtime == "" {
		r.Runtime = Bulkhead
	}
	spec := []oci.SpecOpts{oci.WithImageConfig(image)}
	if r.Args != nil {
		spec = append(spec, oci.WithProcessArgs(r.Args...))
	}
	if r.Terminal {
		spec = append(spec, oci.WithTTY)
	}
	made, err := n.Client.NewContainer(ctx, r.ID,
		client.WithImage(image),
		client.WithNewSnapshot(r.ID, image),
		client.WithRuntime(r.Runtime, r.Options),
		client.WithNewSpec(append(spec, r.Spec...)...))
	if err != nil {
		return nil, err
	}
	c := &Container{Namespace: r.Namespace, ID: r.ID, node: n, container: made}
	p, creator := n.io(r)
	if c.task, err = made.NewTask(ctx, creator, r.Task...); err != nil {
		return nil, errors.Join(err, made.Delete(ctx, client.WithSnapshotCleanup))
	}
	p.process = c.task
	c.Process = p
	return c, nil
}

// Run makes a container and starts it.
func (n *Node) Run(ctx context.Context, r Run) (*Container, error) {
	c, err := n.Create(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := c.Start(ctx); err != nil {
		return nil, errors.Join(err, c.Delete(ctx))
	}
	return c, nil
}

// Exec starts a further process. What it asks for is the container's own
// process, as the engine knows it, changed by change.
func (c *Container) Exec(ctx context.Context, r Run, change func(*specs.Process)) (*Process, error) {
	ctx = c.Context(ctx)
	spec, err := c.container.Spec(ctx)
	if err != nil {
		return nil, err
	}
	asked := *spec.Process
	asked.Args, asked.Terminal = r.Args, r.Terminal
	if change != nil {
		change(&asked)
	}
	p, creator := c.node.io(r)
	if p.process, err = c.task.Exec(ctx, fmt.Sprintf("exec-%d", c.node.serial.Add(1)), &asked, creator); err != nil {
		return nil, err
	}
	p.namespace = c.Namespace
	if err := p.Start(ctx); err != nil {
		_, undo := p.process.Delete(ctx)
		return nil, errors.Join(err, undo)
	}
	return p, nil
}

// Update asks for other resources.
func (c *Container) Update(ctx context.Context, r *specs.LinuxResources) error {
	return c.task.Update(c.Context(ctx), client.WithResources(r))
}

// Task is containerd's handle, for what has no verb here. Its calls need the
// container's namespace in their context.
func (c *Container) Task() client.Task { return c.task }

// Delete kills the container and deletes it, its snapshot included.
func (c *Container) Delete(ctx context.Context) error {
	ctx = c.Context(ctx)
	_ = c.task.Kill(ctx, syscall.SIGKILL, client.WithKillAll) // it may have ended
	_, err := c.task.Delete(ctx, client.WithProcessKill)
	return errors.Join(ignoreNotFound(err), ignoreNotFound(c.container.Delete(ctx, client.WithSnapshotCleanup)))
}

// Context is a context for calls on Task.
func (c *Container) Context(ctx context.Context) context.Context {
	return namespaces.WithNamespace(ctx, c.Namespace)
}

// io returns where a process's streams go: captured, or as the caller names it.
func (n *Node) io(r Run) (*Process, cio.Creator) {
	p := &Process{namespace: r.Namespace, Stdout: newOutput(), Stderr: newOutput()}
	if r.LogURI != nil {
		return p, cio.LogURI(r.LogURI)
	}
	options := []cio.Opt{cio.WithFIFODir(n.place.path("fifo")), cio.WithStreams(r.Stdin, p.Stdout, p.Stderr)}
	if r.Terminal {
		options = append(options, cio.WithTerminal)
	}
	return p, cio.NewCreator(options...)
}
