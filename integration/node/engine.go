// Package node runs a private containerd with Bulkhead on it: its own folders,
// its own socket, its own policy. Tests and the demo share it. Whatever becomes
// of the process that started a node, a keeper beside it takes everything away
// again, and never anything that is not the node's.
package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// An Engine is a containerd with the programs that belong to it.
type Engine struct {
	Name       string // "containerd-2.4.2"
	Version    string // "2.4.2"
	Containerd string
	Ctr        string
	StockShim  string
	Runc       string
	debian     string // where Debian's packages are unpacked
}

// Engines returns the engines that make prepared, the oldest first.
func Engines() ([]Engine, error) {
	old, err := Debian()
	if err != nil {
		return nil, err
	}
	built := filepath.Join(filepath.Dir(old.debian), "built")
	modern, err := complete(Engine{
		Containerd: built + "/containerd", Ctr: built + "/ctr", StockShim: built + "/containerd-shim-runc-v2", Runc: built + "/runc",
		debian: old.debian,
	})
	return []Engine{old, modern}, err
}

// Debian returns the engine of Debian's packages, which needs no building.
func Debian() (Engine, error) {
	repo, err := Repository()
	if err != nil {
		return Engine{}, err
	}
	debian := filepath.Join(repo, "bin/engines/debian")
	return complete(Engine{
		Containerd: debian + "/usr/bin/containerd", Ctr: debian + "/usr/bin/ctr",
		StockShim: debian + "/usr/bin/containerd-shim-runc-v2", Runc: debian + "/usr/sbin/runc",
		debian: debian,
	})
}

func complete(e Engine) (Engine, error) {
	var err error
	for _, path := range []*string{&e.Containerd, &e.Ctr, &e.StockShim, &e.Runc} {
		// A delegate's path is part of what the tests compare; a link is not it.
		if *path, err = filepath.EvalSymlinks(*path); err != nil {
			return e, fmt.Errorf("the engines are not prepared; run: make engines (%w)", err)
		}
	}
	if e.Version, err = version(e.Containerd); err != nil {
		return e, err
	}
	e.Name = "containerd-" + e.Version
	return e, nil
}

// version asks a containerd: "containerd github.com/… 1.6.20~ds1 1.6.20~ds1-1".
func version(containerd string) (string, error) {
	out, err := exec.Command(containerd, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", containerd, err)
	}
	fields := strings.Fields(string(out))
	if len(fields) < 3 {
		return "", fmt.Errorf("%s --version printed %q", containerd, out)
	}
	v := strings.TrimPrefix(fields[2], "v")
	if end := strings.IndexAny(v, "~+-"); end > 0 {
		v = v[:end]
	}
	return v, nil
}

// Modern reports whether the engine speaks containerd 2's protocol to shims.
func (e Engine) Modern() bool { return !strings.HasPrefix(e.Version, "1.") }

// Busybox is the static one that images are made of.
func (e Engine) Busybox() string { return filepath.Join(e.debian, "bin/busybox") }

// Repository is the folder of the source tree that the process runs in.
func Repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != "/"; dir = filepath.Dir(dir) {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(data), "module github.com/bulkhead-dev/bulkhead\n") {
			return dir, nil
		}
	}
	return "", errors.New("not in Bulkhead's source tree")
}
