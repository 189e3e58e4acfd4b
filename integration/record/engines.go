package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/containerd/containerd/v2/client"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// Where engines have their sockets unless told otherwise.
const (
	containerdSocket = "/run/containerd/containerd.sock"
	dockerSocket     = "/var/run/docker.sock"
)

// startEngine starts a daemon and waits until its socket answers.
func (r *recorder) startEngine(ctx context.Context, socket, program string, args ...string) error {
	log, err := os.OpenFile(filepath.Join(scratch, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(program, args...)
	// The delegate is the recorder, before any other runc.
	cmd.Env = []string{"PATH=" + programs + ":" + filepath.Dir(program) + ":/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	r.daemons = append(r.daemons, cmd.Process)
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := node.Await(ctx, func() bool { return accepts(socket) }); err != nil {
		return fmt.Errorf("%s does not serve: %w", filepath.Base(program), err)
	}
	return nil
}

func accepts(socket string) bool {
	c, err := net.Dial("unix", socket)
	if err == nil {
		err = c.Close()
	}
	return err == nil
}

// startContainerd starts a containerd and connects to it.
func (r *recorder) startContainerd(ctx context.Context, program, config string) (err error) {
	file := filepath.Join(scratch, "containerd.toml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	if err := r.startEngine(ctx, containerdSocket, program, "--config", file); err != nil {
		return err
	}
	if r.client, err = client.New(containerdSocket); err != nil {
		return err
	}
	_, err = r.client.IsServing(ctx)
	return err
}

// endEngines ends the daemons, the last first. Containers that still run end
// with the world.
func (r *recorder) endEngines() {
	for i := len(r.daemons) - 1; i >= 0; i-- {
		_ = r.daemons[i].Kill() // it may have ended
	}
}

// logTail is what the daemons said last, as an error.
func (r *recorder) logTail() error {
	data, err := os.ReadFile(filepath.Join(scratch, "log"))
	if err != nil || len(data) == 0 {
		return nil
	}
	return errors.New("the engines' log ends:\n" + string(data[max(0, len(data)-4000):]))
}
