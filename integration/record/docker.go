package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// dockerConfig is that of the containerd which dockerd 20.10 of Debian talks to.
const dockerConfig = `version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri"]
`

// A scenario is a container of a project's compose file, as options of `docker
// run`: what compose sends to the daemon is the same.
type scenario struct {
	name, about string
	options     string
	image       string
	command     string
}

// needs are what projects find on a host: networks, and files beside their
// compose file.
var (
	networks = []string{"backend", "frontend"}
	files    = []string{
		"/srv/nginx/nginx.conf", "/srv/nginx/conf.d/default.conf", "/srv/caddy/Caddyfile", "/srv/haproxy/haproxy.cfg",
		"/srv/prometheus/prometheus.yml", "/srv/postgres/init.sql", "/srv/postgres/password.txt", "/srv/redis/redis.conf",
	}
)

func recordDocker(ctx context.Context, r *recorder) error {
	if err := r.startContainerd(ctx, "/usr/bin/containerd", dockerConfig); err != nil {
		return err
	}
	if err := r.startEngine(ctx, dockerSocket, "/usr/sbin/dockerd", "-H", "unix://"+dockerSocket, "--containerd", containerdSocket, "--storage-driver", "overlay2"); err != nil {
		return err
	}
	tar := filepath.Join(scratch, "images.tar")
	if err := writeImages(tar); err != nil {
		return err
	}
	if _, err := docker("load", "-i", tar); err != nil {
		return err
	}
	for _, n := range networks {
		if _, err := docker("network", "create", n); err != nil {
			return err
		}
	}
	if err := makeFiles(files); err != nil {
		return err
	}
	var errs []error
	for _, s := range scenarios {
		if err := r.recordScenario(ctx, s); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	return errors.Join(errs...)
}

func (r *recorder) recordScenario(ctx context.Context, s scenario) error {
	args := append([]string{"run", "-d", "--name", s.name}, strings.Fields(s.options)...)
	args = append(append(args, reference(s.image)), strings.Fields(s.command)...)
	id, err := docker(args...)
	if err != nil {
		return err
	}
	return r.record(ctx, s.name, s.about, "moby", id)
}

// docker runs the client of the package, and returns what it prints.
func docker(args ...string) (string, error) {
	cmd := exec.Command("/usr/bin/docker", append([]string{"-H", "unix://" + dockerSocket}, args...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
}

func makeFiles(names []string) error {
	var errs []error
	for _, name := range names {
		errs = append(errs, os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, nil, 0o644))
	}
	return errors.Join(errs...)
}
