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
	"slices"
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

// EngineVariable names the only engine that tests shall use, by its folder:
// where there are not both.
const EngineVariable = "BULKHEAD_TEST_ENGINE"

// Engines returns the engines that make prepared, the oldest first.
func Engines() ([]Engine, error) {
	var engines []Engine
	for _, each := range []struct {
		folder string
		engine func() (Engine, error)
	}{{"debian", Debian}, {"built", Built}} {
		if only := os.Getenv(EngineVariable); only != "" && only != each.folder {
			continue
		}
		e, err := each.engine()
		if err != nil {
			return nil, err
		}
		engines = append(engines, e)
	}
	if len(engines) == 0 {
		return nil, fmt.Errorf("%s is %q, want debian, built, or nothing for both", EngineVariable, os.Getenv(EngineVariable))
	}
	return engines, nil
}

// Built returns the engine of the pinned modules.
func Built() (Engine, error) {
	engines, err := folder()
	if err != nil {
		return Engine{}, err
	}
	built := filepath.Join(engines, "built")
	return complete(Engine{
		Containerd: built + "/containerd", Ctr: built + "/ctr", StockShim: built + "/containerd-shim-runc-v2", Runc: built + "/runc",
		debian: filepath.Join(engines, "debian"),
	})
}

// Debian returns the engine of Debian's packages, which needs no building.
func Debian() (Engine, error) {
	engines, err := folder()
	if err != nil {
		return Engine{}, err
	}
	debian := filepath.Join(engines, "debian")
	return complete(Engine{
		Containerd: debian + "/usr/bin/containerd", Ctr: debian + "/usr/bin/ctr",
		StockShim: debian + "/usr/bin/containerd-shim-runc-v2", Runc: debian + "/usr/sbin/runc",
		debian: debian,
	})
}

// Between returns the containerds of the releases between Debian's and the one of
// the pinned modules, the oldest first. Beside them stand the runc of that one and
// the stock shim of either, by whom each containerd can start.
func Between() ([]Engine, error) {
	if os.Getenv(EngineVariable) != "" {
		return nil, nil
	}
	engines, err := folder()
	if err != nil {
		return nil, err
	}
	folders, err := filepath.Glob(filepath.Join(engines, "containerd/*"))
	if err == nil && folders == nil {
		err = errors.New("there are none; run: make containerds")
	}
	var all []Engine
	for _, dir := range folders {
		shim := "debian/usr/bin/containerd-shim-runc-v2"
		if filepath.Base(dir) == "2.3" { // which tells a shim in another way
			shim = "built/containerd-shim-runc-v2"
		}
		e, err := complete(Engine{
			Containerd: dir + "/containerd", Ctr: dir + "/ctr", StockShim: filepath.Join(engines, shim), Runc: engines + "/built/runc",
			debian: filepath.Join(engines, "debian"),
		})
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, err
}

// folder is where make links the engines.
func folder() (string, error) {
	repo, err := Repository()
	return filepath.Join(repo, "bin/engines"), err
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
func (e Engine) Modern() bool { return e.AtLeast(2, 0) }

// AtLeast reports whether the engine is of this release or a later one.
func (e Engine) AtLeast(major, minor int) bool {
	var has [2]int
	_, err := fmt.Sscanf(e.Version, "%d.%d", &has[0], &has[1])
	return err == nil && slices.Compare(has[:], []int{major, minor}) >= 0
}

// Busybox is the static one that images are made of.
func (e Engine) Busybox() string { return filepath.Join(e.debian, "bin/busybox") }

// Runsc is that of gVisor, which make builds apart; empty: there is none.
func (e Engine) Runsc() string {
	path, err := filepath.EvalSymlinks(filepath.Join(filepath.Dir(e.debian), "gvisor/runsc"))
	if err != nil {
		return ""
	}
	return path
}

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
