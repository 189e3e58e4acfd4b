// Package docker runs a private dockerd on a node of its own, in a world where
// Docker's folders and networks have their ordinary names and are not the
// machine's. Tests and the demo share it.
package docker

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// An Engine is a dockerd with its client and the containerd that it talks to.
type Engine struct {
	Name       string // "docker-20.10"
	Containerd node.Engine

	// NamesShims: daemon.json can name a shim. Docker before 23 cannot; there
	// Bulkhead's stands under the stock one's name.
	NamesShims bool

	// File is dockerd's own, which may be elsewhere where it runs.
	File string

	daemon, client, proxy string
}

// Engines returns the engines that make prepared, the oldest first: those whose
// containerd is among node.Engines.
func Engines() ([]Engine, error) {
	var engines []Engine
	for folder, engine := range all {
		if only := os.Getenv(node.EngineVariable); only != "" && only != folder {
			continue
		}
		e, err := engine()
		if err != nil {
			return nil, err
		}
		engines = append(engines, e)
	}
	return engines, nil
}

// all are the engines by the containerd that they talk to, the oldest first.
func all(yield func(string, func() (Engine, error)) bool) {
	_ = yield("debian", Debian) && yield("built", Pinned)
}

// Debian returns Docker 20.10 of Debian's packages, which needs no building.
func Debian() (Engine, error) {
	containerd, err := node.Debian()
	if err != nil {
		return Engine{}, err
	}
	folder, err := prepared("debian")
	return Engine{
		Name: "docker-20.10", Containerd: containerd,
		// The node's world has the packages' /usr, and only a dockerd from there
		// may have a hook in its containers.
		daemon: "/usr/sbin/dockerd", proxy: "/usr/sbin/docker-proxy", client: folder + "/usr/bin/docker", File: folder + "/usr/sbin/dockerd",
	}, err
}

// Pinned returns Docker of the pinned modules.
func Pinned() (Engine, error) {
	containerd, err := node.Built()
	if err != nil {
		return Engine{}, err
	}
	folder, err := prepared("docker")
	return Engine{
		Name: "docker-29", Containerd: containerd, NamesShims: true,
		daemon: folder + "/dockerd", proxy: folder + "/docker-proxy", client: folder + "/docker", File: folder + "/dockerd",
	}, err
}

func prepared(name string) (string, error) {
	repo, err := node.Repository()
	if err != nil {
		return "", err
	}
	folder, err := filepath.EvalSymlinks(filepath.Join(repo, "bin/engines", name))
	if err != nil {
		return "", fmt.Errorf("the engines are not prepared; run: make engines (%w)", err)
	}
	return folder, nil
}

// Client is the path of its client.
func (e Engine) Client() string { return e.client }

// Program is dockerd's path.
func (e Engine) Program() string { return e.daemon }

// Validate asks dockerd what it thinks of a daemon.json.
func (e Engine) Validate(ctx context.Context, file string) error {
	res, err := node.Finish(ctx, exec.Command(e.daemon, "--validate", "--config-file", file, "--userland-proxy-path", e.proxy))
	if err == nil {
		err = res.Failed()
	}
	return err
}
