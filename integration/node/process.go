package node

import (
	"context"
	"syscall"

	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/errdefs"
)

// Process is a container's first process or a further one.
type Process struct {
	Stdout, Stderr *Output

	namespace string
	process   client.Process
	exit      <-chan client.ExitStatus
}

// Start starts a process that was only created.
func (p *Process) Start(ctx context.Context) error {
	if err := p.Attend(ctx); err != nil {
		return err
	}
	return p.process.Start(namespaces.WithNamespace(ctx, p.namespace))
}

// Attend asks containerd to tell of the process's end: again, after containerd
// was restarted.
func (p *Process) Attend(ctx context.Context) (err error) {
	// Not the caller's deadline: Wait may be called with another.
	ctx = context.WithoutCancel(namespaces.WithNamespace(ctx, p.namespace))
	p.exit, err = p.process.Wait(ctx)
	return err
}

// Pid is the process's id on the host.
func (p *Process) Pid() int { return int(p.process.Pid()) }

// Wait returns the exit status, after the last byte of output.
func (p *Process) Wait(ctx context.Context) (int, error) {
	select {
	case status := <-p.exit:
		p.process.IO().Wait()
		code, _, err := status.Result()
		return int(code), err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Kill sends a signal.
func (p *Process) Kill(ctx context.Context, s syscall.Signal) error {
	return p.process.Kill(namespaces.WithNamespace(ctx, p.namespace), s)
}

// Remove deletes a further process that has ended, or ends it. A container's
// first goes with Container.Delete.
func (p *Process) Remove(ctx context.Context) error {
	ctx = namespaces.WithNamespace(ctx, p.namespace)
	_, err := p.process.Delete(ctx, client.WithProcessKill)
	return ignoreNotFound(err)
}

func ignoreNotFound(err error) error {
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}
