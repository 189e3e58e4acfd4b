package main

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/bulkhead-dev/bulkhead/integration/docker"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// onDocker is a dockerd a tenant, of the name, which is what a tenant is on
// Docker: one for somebody who is none, and one behind the stock shim.
type onDocker map[string]*docker.Daemon

// Names of the daemons that are no tenant's.
const (
	stranger = "stranger"
	stock    = "stock"
)

func startDocker(ctx context.Context) (engine, error) {
	debian, err := docker.Debian() // a newer one would have to be built first
	if err != nil {
		return nil, err
	}
	names := []string{"acme", "umbrella", stranger, stock}
	progress("starting a private %s for each of %s", debian.Name, strings.Join(names, ", "))
	daemons, errs := make([]*docker.Daemon, len(names)), make([]error, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() { daemons[i], errs[i] = startDaemon(ctx, debian, name) })
	}
	all.Wait()
	e := onDocker{}
	for i, d := range daemons {
		if d != nil {
			e[names[i]] = d
		}
	}
	return e, errors.Join(errs...)
}

// startDaemon starts one, and applies the policy of all to its node.
func startDaemon(ctx context.Context, e docker.Engine, name string) (*docker.Daemon, error) {
	d, err := docker.Start(ctx, e, docker.Settings{Tenant: name, Stock: name == stock})
	if err != nil {
		return nil, err
	}
	return d, d.Node.Apply(ctx, policy)
}

func (e onDocker) of(s subject) *docker.Daemon {
	if s.stock {
		return e[stock]
	}
	return e[s.tenant]
}

func (e onDocker) client() string { return "docker" }
func (e onDocker) most() attempt  { return mostByExec }

func (e onDocker) close() error {
	var errs []error
	for _, d := range e {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

func (e onDocker) remove() error {
	var errs []error
	for _, d := range e {
		errs = append(errs, d.Node.Remove())
	}
	return errors.Join(errs...)
}

func (e onDocker) short(path string) string {
	for _, d := range e {
		path = strings.NewReplacer("_"+d.Node.Root().Installation(), "", d.Node.Namespace(""), "").Replace(path)
	}
	return path
}

func (e onDocker) run(ctx context.Context, s subject, args ...string) (container, error) {
	d := e.of(s)
	id, err := said(d.Docker(ctx, append([]string{"run", "-d", "--user", "1000", node.ImageName}, args...)...))
	if err != nil {
		return nil, err
	}
	text, err := said(d.Docker(ctx, "inspect", "--format", "{{.State.Pid}}", id))
	if err != nil {
		return nil, err
	}
	pid, err := strconv.Atoi(text)
	return ofDocker{d, id, pid}, err
}

func (e onDocker) hostNetwork(ctx context.Context, s subject) (string, error) {
	return complaint(e.of(s).Docker(ctx, "run", "--rm", "--user", "1000", "--network", "host", node.ImageName, "true"))
}

func (e onDocker) noTenant(ctx context.Context, s subject) (string, error) {
	d := e[stranger]
	if s.stock {
		d = e[stock]
	}
	text, err := complaint(d.Docker(ctx, "run", "--rm", node.ImageName, "true"))
	return strings.ReplaceAll(text, d.Namespace, stranger), err
}

// said is what the client printed, and an error if it failed.
func said(res node.Result, err error) (string, error) {
	return strings.TrimSpace(res.Stdout), errors.Join(err, res.Failed())
}

// complaint is why it failed, nothing if it did not.
func complaint(res node.Result, err error) (string, error) {
	if res.Code == 0 {
		return "", err
	}
	return res.Stdout + res.Stderr, err
}

// ofDocker is a container of Docker's.
type ofDocker struct {
	d   *docker.Daemon
	id  string
	pid int
}

func (c ofDocker) Pid() int { return c.pid }

func (c ofDocker) delete(ctx context.Context) error {
	_, err := said(c.d.Docker(ctx, "rm", "-f", c.id))
	return err
}

func (c ofDocker) wait(ctx context.Context) (string, int, error) {
	text, err := said(c.d.Docker(ctx, "wait", c.id))
	if err != nil {
		return "", 0, err
	}
	code, err := strconv.Atoi(text)
	if err != nil {
		return "", 0, err
	}
	logs, err := said(c.d.Docker(ctx, "logs", c.id))
	return logs, code, err
}

func (c ofDocker) exec(ctx context.Context) (string, error) {
	res, err := c.d.Docker(ctx, "exec", "--privileged", "--user", "0", c.id, "grep", "-h", "CapEff", "/proc/self/status")
	if why, err := complaint(res, err); err != nil || why != "" {
		if strings.Contains(why, "unable to apply caps") {
			return "fails: the node lacks some", nil
		}
		return sentence(why), err
	}
	_, hex, _ := strings.Cut(strings.TrimSpace(res.Stdout), "\t")
	set, err := strconv.ParseUint(hex, 16, 64)
	return fmt.Sprintf("it has %d", bits.OnesCount64(set)), err
}

func (c ofDocker) lift(ctx context.Context) error {
	_, err := said(c.d.Docker(ctx, "update", "--memory", "64g", "--memory-swap", "-1", "--cpus", strconv.Itoa(runtime.NumCPU()), "--pids-limit", "-1", c.id))
	return err
}
