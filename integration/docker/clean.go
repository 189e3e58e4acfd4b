package docker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// Clean removes all containers, volumes, networks and images but the one that
// containers are made of, and waits until nothing of a container is left: on the
// node or in the world. Its error lists what stayed.
func (d *Daemon) Clean(ctx context.Context) error {
	ids, err := d.list(ctx, "ps", "-aq", "--no-trunc")
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		if err := d.do(ctx, append([]string{"rm", "-f", "-v"}, ids...)...); err != nil {
			return err
		}
	}
	for _, kind := range []string{"network", "volume"} {
		if err := d.removeAll(ctx, kind); err != nil {
			return err
		}
	}
	var left []string
	if err := node.Await(ctx, func() bool {
		left = d.Traces()
		return len(left) == 0
	}); err != nil {
		return fmt.Errorf("left of containers:\n  %s", strings.Join(left, "\n  "))
	}
	return nil
}

func (d *Daemon) removeAll(ctx context.Context, kind string) error {
	args := []string{kind, "ls", "-q"}
	if kind == "network" {
		args = append(args, "--filter", "type=custom")
	}
	names, err := d.list(ctx, args...)
	if err != nil || len(names) == 0 {
		return err
	}
	return d.do(ctx, append([]string{kind, "rm"}, names...)...)
}

func (d *Daemon) list(ctx context.Context, args ...string) ([]string, error) {
	res, err := d.Docker(ctx, args...)
	if err == nil {
		err = res.Failed()
	}
	return strings.Fields(res.Stdout), err
}

func (d *Daemon) do(ctx context.Context, args ...string) error {
	res, err := d.Docker(ctx, args...)
	if err == nil {
		err = res.Failed()
	}
	return err
}

// Traces says what containers have on the node, and in the world what the
// machine does not see: mounts, shims' sockets, the stock delegate's state. With
// no container there must be none.
func (d *Daemon) Traces() []string {
	found := d.Node.Traces()
	for _, m := range d.mounts() {
		found = append(found, "mount "+m)
	}
	world := d.World()
	for _, pattern := range []string{
		"/run/containerd/s/*", "/run/containerd/runc/*/*", "/run/docker/runtime-runc/*/*", "/var/lib/docker/containers/*",
		"/var/lib/docker/*/containers/*", "/var/lib/docker/volumes/*/_data", "/var/lib/docker/*/volumes/*/_data",
	} {
		paths, _ := filepath.Glob(world + pattern)
		for _, p := range paths {
			found = append(found, strings.TrimPrefix(p, world))
		}
	}
	return found
}

// World is where the world's files are seen from outside of it.
func (d *Daemon) World() string { return fmt.Sprintf("/proc/%d/root", d.Node.Pid()) }

// mounts are those that a container has, and that dockerd alone has not.
func (d *Daemon) mounts() []string {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", d.Node.Pid())) // containerd may have ended
	var found []string
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		at := fields[4]
		ofContainer := strings.HasSuffix(at, "/merged") || strings.Contains(at, "/rootfs/") || strings.Contains(at, "/containers/") ||
			strings.HasPrefix(at, "/run/docker/netns/") && filepath.Base(at) != "default" || strings.HasPrefix(at, d.Node.Dir()+"/")
		if ofContainer {
			found = append(found, at)
		}
	}
	return found
}
