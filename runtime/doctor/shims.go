package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pelletier/go-toml/v2"
)

// What an engine starts by which name.
const (
	ownType   = "io.containerd.bulkhead.v2"
	ownShim   = "containerd-shim-bulkhead-v2"
	stockType = "io.containerd.runc.v2"
	stockShim = "containerd-shim-runc-v2"
)

// onPath returns the program that an engine finds by a name; empty: none.
func (n *Node) onPath(e Engine, name string) string {
	folders := engineFolders
	if path := e.Env["PATH"]; path != "" {
		folders = filepath.SplitList(path)
	}
	for _, folder := range folders {
		if info, err := os.Stat(n.path(folder, name)); err == nil && info.Mode().IsRegular() {
			return n.path(folder, name)
		}
	}
	return ""
}

// taken reports whether Bulkhead's shim stands where an engine finds the stock
// one, and whether the engine finds one at all.
func (n *Node) taken(e Engine) (taken, found bool) {
	stock, own := n.onPath(e, stockShim), n.onPath(e, ownShim)
	if stock == "" {
		return false, false
	}
	if base(stock) == ownShim {
		return true, true
	}
	a, err := os.Stat(stock)
	b, unread := os.Stat(own)
	return err == nil && unread == nil && os.SameFile(a, b), true
}

// handler is a runtime of containerd's CRI plugin.
type handler struct {
	Type string `toml:"runtime_type"`
	Path string `toml:"runtime_path"`
}

// containerdConfig is what of it matters here.
type containerdConfig struct {
	Root    string `toml:"root"`
	GRPC    server `toml:"grpc"`
	Plugins struct {
		GRPC server    `toml:"io.containerd.server.v1.grpc"` // since version 4, of containerd 2.4
		V2   criPlugin `toml:"io.containerd.grpc.v1.cri"`
		V3   criPlugin `toml:"io.containerd.cri.v1.runtime"`
	} `toml:"plugins"`
}

type server struct {
	Address string `toml:"address"`
}

type criPlugin struct {
	Containerd handlers `toml:"containerd"`
}

type handlers struct {
	Default  string             `toml:"default_runtime_name"`
	Runtimes map[string]handler `toml:"runtimes"`
}

// handlers are those of the CRI plugin; none where it is switched off.
func (c *containerdConfig) handlers() handlers {
	if h := c.Plugins.V3.Containerd; len(h.Runtimes) > 0 {
		return h
	}
	return c.Plugins.V2.Containerd
}

// containerdConfig is containerd's whole configuration, as it reads it itself:
// what a file imports replaces or adds to it, by version.
func (n *Node) containerdConfig(e Engine) (*containerdConfig, error) {
	args := []string{"config", "dump"}
	if n.there(e.Config) {
		args = append([]string{"--config", n.path(e.Config)}, args...)
	}
	dump, err := ask(context.Background(), e.Binary, args...)
	if err != nil {
		return nil, err
	}
	c := new(containerdConfig)
	if err := toml.Unmarshal([]byte(dump), c); err != nil {
		return nil, fmt.Errorf("read the configuration of %s: %w", e.Name(), err)
	}
	return c, nil
}

// ours reports whether a handler's containers come to Bulkhead.
func (h handler) ours(taken bool) bool {
	if h.Path != "" {
		return base(h.Path) == ownShim
	}
	return h.Type == ownType || h.Type == stockType && taken
}
