package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/bulkhead-dev/bulkhead/integration/docker"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// An engine is one that begins without Bulkhead, and makes a container with the
// host's namespaces, which no tenant may have by default.
type engine interface {
	name() string
	node() *node.Node
	policy() node.Policy
	words() []string  // of bulkhead install, as one types them
	places() []string // flags that name what stands elsewhere than packages put it
	restart(context.Context) error
	shows() string // how somebody tries it
	// try makes the container and returns the sentence with which it is refused,
	// empty if it starts.
	try(context.Context) (string, error)
	close() error
}

var engines = []func(context.Context) (engine, error){startDocker, startContainerd, startKubernetes}

// smallest is a tenant without a key of its own.
var smallest = node.Policy{Tenants: map[string]string{"acme": ""}}

// refusal is the first sentence of a refusal in what a client says, empty if
// there is none.
func refusal(said string) string {
	_, rest, found := strings.Cut(said, "refused by ")
	if !found {
		return ""
	}
	line, _, _ := strings.Cut(rest, "\n")
	line, _, _ = strings.Cut(line, "; refused by ")
	return "refused by " + line
}

// refused tells the end of a client: refused, well, or else an error.
func refused(res node.Result, err error) (string, error) {
	if err != nil || res.Code == 0 {
		return "", err
	}
	if sentence := refusal(res.Stderr); sentence != "" {
		return sentence, nil
	}
	return "", res.Failed()
}

// containerdPlaces are those of a node's containerd.
func containerdPlaces(n *node.Node) []string {
	return []string{"--containerd", n.Engine.Containerd, "--config", filepath.Join(n.Dir(), "config.toml"), "--path", n.Path(), "--running", filepath.Join(n.Dir(), "state/io.containerd.runtime.v2.task")}
}

type onDocker struct{ *docker.Daemon }

func startDocker(ctx context.Context) (engine, error) {
	e, err := docker.Pinned()
	if err != nil {
		return nil, err
	}
	progress("starting a private %s", e.Name)
	d, err := docker.Start(ctx, e, docker.Settings{Stock: true})
	return onDocker{d}, err
}

func (d onDocker) name() string        { return d.Engine.Name }
func (d onDocker) node() *node.Node    { return d.Node }
func (d onDocker) policy() node.Policy { return smallest }
func (d onDocker) words() []string     { return []string{"docker", "--default"} }
func (d onDocker) shows() string       { return "docker run --pid host busybox true" }

func (d onDocker) places() []string {
	dir := d.Node.Dir()
	return []string{"--docker", d.Engine.Program(), "--containerd", d.Node.Engine.Containerd, "--config", dir + "/daemon.json", "--units", dir + "/units",
		"--socket", dir + "/docker.sock", "--path", d.Node.Path(), "--containerd-namespace", d.Namespace}
}

func (d onDocker) restart(ctx context.Context) error {
	if err := d.Kill(); err != nil {
		return err
	}
	return d.Restart(ctx)
}

func (d onDocker) try(ctx context.Context) (string, error) {
	return refused(d.Docker(ctx, "run", "--rm", "--pid", "host", node.ImageName, "true"))
}

func (d onDocker) close() error { return d.Close() }

type onContainerd struct{ n *node.Node }

func startContainerd(ctx context.Context) (engine, error) {
	e, err := node.Built()
	if err != nil {
		return nil, err
	}
	progress("starting a private %s", e.Name)
	n, err := node.StartKind(ctx, e, node.Kind{Bare: true})
	return onContainerd{n}, err
}

func (c onContainerd) name() string        { return c.n.Engine.Name }
func (c onContainerd) node() *node.Node    { return c.n }
func (c onContainerd) policy() node.Policy { return smallest }
func (c onContainerd) words() []string     { return []string{"containerd", "--takeover"} }
func (c onContainerd) places() []string    { return containerdPlaces(c.n) }
func (c onContainerd) shows() string       { return "ctr run --privileged busybox c1 true" }

func (c onContainerd) restart(ctx context.Context) error {
	if err := c.n.Kill(); err != nil {
		return err
	}
	return c.n.Restart(ctx)
}

func (c onContainerd) try(ctx context.Context) (string, error) {
	return refused(c.n.CtrRun(ctx, c.n.Namespace("acme"), node.Stock, []string{"--privileged"}, "true"))
}

func (c onContainerd) close() error { return c.n.Close() }
