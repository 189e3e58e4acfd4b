package doctor

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// path is a file of the node.
func (n *Node) path(elements ...string) string {
	return filepath.Join(append([]string{n.Host}, elements...)...)
}

// text is what a file of the node says, without the space around it; empty if
// there is none.
func (n *Node) text(path string) (string, error) {
	data, err := os.ReadFile(n.path(path))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(data)), err
}

// there reports whether the node has a file.
func (n *Node) there(path string) bool {
	_, err := os.Lstat(n.path(path))
	return err == nil
}

// Built is what the kernel was built with: "y", "m" for a module, absent for no.
type Built map[string]string

// errNoConfig says that the kernel keeps to itself how it was built.
var errNoConfig = errors.New("neither /proc/config.gz nor /boot/config-* of the running kernel is there")

// built reads it from the kernel, or from where distributions put it.
func (n *Node) built() (Built, error) {
	release, err := n.text("/proc/sys/kernel/osrelease")
	if err != nil {
		return nil, err
	}
	f, err := os.Open(n.path("/proc/config.gz"))
	if err == nil {
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, fmt.Errorf("read /proc/config.gz: %w", err)
		}
		return parseConfig(z)
	}
	for _, path := range []string{"/boot/config-" + release, "/lib/modules/" + release + "/config", "/usr/lib/modules/" + release + "/config"} {
		if f, err := os.Open(n.path(path)); err == nil {
			defer f.Close()
			return parseConfig(f)
		}
	}
	return nil, errNoConfig
}

// parseConfig reads "CONFIG_NF_TABLES=m", a line each.
func parseConfig(r io.Reader) (Built, error) {
	b := Built{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok && (value == "y" || value == "m") {
			b[name] = value
		}
	}
	return b, lines.Err()
}

// missing are those options that the kernel was built without.
func (b Built) missing(options ...string) (missing []string) {
	for _, o := range options {
		if b[o] == "" {
			missing = append(missing, o)
		}
	}
	return missing
}

// unknownBuild is the result of a check that only the kernel's build answers.
func unknownBuild(what string) []Result {
	return []Result{{
		Level: Note, What: "whether the kernel has " + what + " cannot be told: " + errNoConfig.Error(),
		Means: "nothing is known to be missing",
		Fix:   "a kernel with CONFIG_IKCONFIG_PROC, or its config file in /boot",
	}}
}
