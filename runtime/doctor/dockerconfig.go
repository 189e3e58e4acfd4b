package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// dockerConfig is what of daemon.json and the command line matters here.
type dockerConfig struct {
	Runtimes            map[string]json.RawMessage `json:"runtimes"`
	DefaultRuntime      string                     `json:"default-runtime"`
	LogDriver           string                     `json:"log-driver"`
	LogOpts             map[string]string          `json:"log-opts"`
	Containerd          string                     `json:"containerd"` // its socket; empty: one of dockerd's own
	ContainerdNamespace string                     `json:"containerd-namespace"`
	DataRoot            string                     `json:"data-root"`
	Hosts               []string                   `json:"hosts"`
}

// dockerConfig reads a dockerd's; a flag and the file never name the same.
func (n *Node) dockerConfig(e Engine) (*dockerConfig, error) {
	c := new(dockerConfig)
	data, err := os.ReadFile(n.path(e.Config))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(data) > 0 {
		if err := json.Unmarshal(data, c); err != nil {
			return nil, fmt.Errorf("read %s: %w", e.Config, err)
		}
	}
	for flag, to := range map[string]*string{
		"--default-runtime": &c.DefaultRuntime, "--log-driver": &c.LogDriver, "--containerd": &c.Containerd, "--containerd-namespace": &c.ContainerdNamespace,
	} {
		if value := e.flag(flag); value != "" {
			*to = value
		}
	}
	for _, option := range e.flags("--log-opt") {
		if name, value, ok := strings.Cut(option, "="); ok {
			if c.LogOpts == nil {
				c.LogOpts = map[string]string{}
			}
			c.LogOpts[name] = value
		}
	}
	for _, r := range e.flags("--add-runtime") {
		if name, path, ok := strings.Cut(r, "="); ok {
			if c.Runtimes == nil {
				c.Runtimes = map[string]json.RawMessage{}
			}
			c.Runtimes[name] = json.RawMessage(fmt.Sprintf(`{"path":%q}`, path))
		}
	}
	return c, nil
}
