package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Result is how a command ended.
type Result struct {
	Stdout, Stderr string
	Code           int
}

// Failed returns an error with what the command printed, nil if it succeeded.
func (r Result) Failed() error {
	if r.Code == 0 {
		return nil
	}
	return fmt.Errorf("exit %d: %s", r.Code, strings.TrimSpace(r.Stdout+r.Stderr))
}

// Ctr runs the engine's own client in one of the node's namespaces.
func (n *Node) Ctr(ctx context.Context, namespace string, args ...string) (Result, error) {
	env := []string{"CONTAINERD_ADDRESS=" + n.place.socket(), "CONTAINERD_NAMESPACE=" + namespace}
	return n.command(ctx, env, n.Engine.Ctr, args...)
}

// CtrRun starts a container of busybox with ctr, as somebody at a shell would:
// flags of `ctr run`, then the command.
func (n *Node) CtrRun(ctx context.Context, namespace, runtime string, flags []string, argv ...string) (Result, error) {
	if _, err := n.Image(ctx, namespace); err != nil {
		return Result{}, err
	}
	id, err := n.ID(namespace)
	if err != nil {
		return Result{}, err
	}
	args := []string{"run", "--rm", "--runtime", runtime, "--fifo-dir", n.place.path("fifo")}
	args = append(append(args, flags...), ImageName, id)
	return n.Ctr(ctx, namespace, append(args, argv...)...)
}

// Bulkhead runs the operator's CLI on the node's installation.
func (n *Node) Bulkhead(ctx context.Context, args ...string) (Result, error) {
	cmd := n.Enter(n.program("bulkhead"), args...)
	return finish(ctx, cmd, n.kind.starting(cmd))
}

// Apply puts a policy in force: all of it, so that what an earlier one held is
// gone. The node's own delegate is added to its NodePolicy.
func (n *Node) Apply(ctx context.Context, p Policy) error {
	res, err := n.ApplyWith(ctx, p)
	if err != nil {
		return err
	}
	if err := res.Failed(); err != nil {
		return fmt.Errorf("bulkhead apply: %w", err)
	}
	return nil
}

// ApplyWith applies a policy with further flags, and returns what was said.
func (n *Node) ApplyWith(ctx context.Context, p Policy, flags ...string) (Result, error) {
	file := n.place.path("policy.yaml")
	if err := os.WriteFile(file, []byte(p.yaml(n)), 0o600); err != nil {
		return Result{}, err
	}
	return n.Bulkhead(ctx, append([]string{"apply", "--prune", "-f", file}, flags...)...)
}

func (n *Node) command(ctx context.Context, env []string, program string, args ...string) (Result, error) {
	cmd := exec.Command(program, args...)
	cmd.Env = append(env, "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
	return finish(ctx, cmd, n.kind.starting(cmd))
}

// Finish runs a command to its end, or kills it when the context ends.
func Finish(ctx context.Context, cmd *exec.Cmd) (Result, error) { return finish(ctx, cmd, cmd.Start) }

func finish(ctx context.Context, cmd *exec.Cmd, start func() error) (Result, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	what := strings.Join(cmd.Args, " ")
	if err := start(); err != nil {
		return Result{}, fmt.Errorf("%s: %w", what, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() }) // it may have ended
	defer stop()
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		err = nil
	}
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", what, err)
	}
	return Result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}, nil
}
