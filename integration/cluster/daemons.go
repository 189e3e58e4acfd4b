package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/integration/pods"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// daemon is a running server of the cluster.
type daemon struct {
	name  string
	log   string
	cmd   *exec.Cmd
	ended chan struct{} // closed when it was waited for
}

// run starts a program of Kubernetes in the world. The node's keeper knows it by
// its environment, and ends it.
func (c *Cluster) run(name string, args ...string) (*daemon, error) {
	d := &daemon{name: name, log: c.path(name + ".log"), ended: make(chan struct{})}
	log, err := os.OpenFile(d.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	d.cmd = exec.Command(filepath.Join(c.programs, name), args...)
	d.cmd.Env = []string{tenant.RootEnv + "=" + string(c.Root()), "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	d.cmd.Stdout, d.cmd.Stderr = log, log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the keeper ends it, not Ctrl-C
	if err := c.Do(d.cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = d.cmd.Wait() // killed, as a rule
		close(d.ended)
	}()
	c.daemons = append(c.daemons, d)
	return d, nil
}

// await waits until a condition holds, or the daemon has ended.
func (d *daemon) await(ctx context.Context, what string, holds func() bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-d.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := node.Await(ctx, holds); err != nil {
		return fmt.Errorf("%s: %s: %w; its log ends:\n%s", d.name, what, err, d.tail(20))
	}
	return nil
}

// tail returns the last lines of the log.
func (d *daemon) tail(lines int) string {
	data, err := os.ReadFile(d.log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// StartKubelet starts the kubelet, and waits until its node is ready.
func (c *Cluster) StartKubelet(ctx context.Context) (err error) {
	begin := time.Now()
	c.kubelet, err = c.run("kubelet",
		"--config="+c.path("kubelet.yaml"), "--kubeconfig="+c.path("kubeconfig"),
		"--hostname-override="+NodeName, "--node-ip="+pods.Address, "--v=2")
	if err != nil {
		return err
	}
	return c.kubelet.await(ctx, "its node is not ready", func() bool { return c.ready(ctx, begin) })
}

// KillKubelet kills the kubelet, as a crash would. Its pods go on running.
func (c *Cluster) KillKubelet() error {
	if err := c.kubelet.cmd.Process.Kill(); err != nil {
		return err
	}
	<-c.kubelet.ended
	return nil
}

// KubeletLog returns the last lines of the kubelet's log.
func (c *Cluster) KubeletLog(lines int) string { return c.kubelet.tail(lines) }
