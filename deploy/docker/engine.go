package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// An Engine is a running daemon, asked over its socket.
type Engine struct{ client *http.Client }

// Reach returns the daemon behind a socket, nil if none listens there.
func Reach(socket string) *Engine {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	c, err := net.DialTimeout("unix", socket, time.Second)
	if err != nil {
		return nil
	}
	c.Close()
	return &Engine{&http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: time.Minute}}
}

// Containers returns all containers, those that do not run too.
func (e *Engine) Containers(ctx context.Context) ([]*Container, error) {
	var listed []struct {
		ID string `json:"Id"`
	}
	if err := e.get(ctx, "/containers/json?all=1", &listed); err != nil {
		return nil, err
	}
	var all []*Container
	for _, l := range listed {
		c := new(Container)
		err := e.get(ctx, "/containers/"+l.ID+"/json", c)
		if errors.Is(err, os.ErrNotExist) {
			continue // gone meanwhile
		}
		if err != nil {
			return nil, err
		}
		c.Name = strings.TrimPrefix(c.Name, "/")
		all = append(all, c)
	}
	return all, nil
}

// defaults are what the daemon says of itself, and gives a container that asks
// for nothing.
type defaults struct {
	LiveRestoreEnabled           bool
	LoggingDriver, CgroupVersion string
}

func (e *Engine) defaults(ctx context.Context) (d defaults, err error) {
	return d, e.get(ctx, "/info", &d)
}

func (d defaults) logDriver() string {
	if d.LoggingDriver == "" {
		return "json-file"
	}
	return d.LoggingDriver
}

// cgroupns is the cgroup namespace that Docker gives a container: of its own,
// but on cgroup v1 the node's.
func (d defaults) cgroupns() string {
	if d.CgroupVersion == "2" {
		return "private"
	}
	return "host"
}

// LiveRestore reports whether containers go on while the daemon restarts.
func (e *Engine) LiveRestore(ctx context.Context) (bool, error) {
	d, err := e.defaults(ctx)
	return d.LiveRestoreEnabled, err
}

// image is what an image gives each container of it; nothing, if it is gone.
func (e *Engine) image(ctx context.Context, id string) (Config, error) {
	var image struct{ Config Config }
	err := e.get(ctx, "/images/"+id+"/json", &image)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return image.Config, err
}

func (e *Engine) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker"+path, nil)
	if err != nil {
		return err
	}
	res, err := e.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask docker: %w", err)
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
		return json.NewDecoder(res.Body).Decode(into)
	case http.StatusNotFound:
		return fmt.Errorf("ask docker for %s: %w", path, os.ErrNotExist)
	}
	return fmt.Errorf("ask docker for %s: %s", path, res.Status)
}
