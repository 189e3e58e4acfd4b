package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go/features"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Delegate is the low-level runtime that a tenant's containers are handed to.
type Delegate struct {
	Path     string             `json:"path"`
	Identity string             `json:"identity"` // changes when the file does
	Version  string             `json:"version"`  // newest runtime-spec that it accepts
	Features *features.Features `json:"features,omitempty"`
	Flags    []string           `json:"flags,omitempty"` // that it is always run with: runsc.go
}

// defaultDelegate is that of whoever names no other.
const defaultDelegate = "runc"

// delegateFolders are where a delegate is looked for when the node's policy
// names none. PATH is not asked: it is the engine's.
var delegateFolders = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// Delegate returns a delegate by its name in the node's policy. What it can do
// comes from its `features`, or from `--version` where that does not exist
// (runc before 1.1), and is cached by the identity of the file.
func (rt *Runtime) Delegate(ctx context.Context, node *tenant.Node, name string) (*Delegate, error) {
	path, err := findDelegate(node, name)
	if err != nil {
		return nil, err
	}
	identity, err := identify(path)
	if err != nil {
		return nil, fmt.Errorf("delegate %s: %w", name, err)
	}
	cache := rt.delegateCache(name)
	if d := cached(cache); d != nil && d.Path == path && d.Identity == identity {
		return d, nil
	}
	d := &Delegate{Path: path, Identity: identity}
	if err := rt.ask(ctx, d); err != nil {
		return nil, fmt.Errorf("delegate %s: %w", name, err)
	}
	switch is := d.isRunsc(); {
	case is && name != sandboxDelegate:
		return nil, fmt.Errorf("delegate %s is %s, which is runsc; set NodePolicy.delegates.runsc to it", name, path)
	case !is && name == sandboxDelegate:
		return nil, fmt.Errorf("delegate %s is %s, which is no runsc or one of before 2024; set NodePolicy.delegates.runsc to one", name, path)
	}
	_ = store(cache, d) // asked again next time
	return d, nil
}

func (rt *Runtime) delegateCache(name string) string {
	return filepath.Join(rt.root.Delegates(), name+".json")
}

func findDelegate(node *tenant.Node, name string) (string, error) {
	if path := node.Delegates[name]; path != "" {
		if isCommandLine(path) {
			return "", fmt.Errorf("delegate %s is Bulkhead's own command line; set NodePolicy.delegates.%[1]s to the runtime itself", name)
		}
		return path, nil
	}
	for _, dir := range delegateFolders {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && !isCommandLine(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("delegate %s is not installed; install it, or set NodePolicy.delegates.%s", name, name)
}

// isCommandLine reports bulkhead-runc, which may stand ahead of runc under its
// name, and would call itself.
func isCommandLine(path string) bool {
	real, err := filepath.EvalSymlinks(path)
	return err == nil && filepath.Base(real) == "bulkhead-runc"
}

func identify(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", errors.New("no file identity")
	}
	return fmt.Sprintf("%d:%d:%d:%d", st.Dev, st.Ino, st.Size, info.ModTime().UnixNano()), nil
}

func (rt *Runtime) ask(ctx context.Context, d *Delegate) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := rt.run(ctx, DelegateEnv, nil, d.Path, "features")
	if err == nil {
		f := new(features.Features)
		if err := json.Unmarshal(out, f); err != nil {
			return fmt.Errorf("read its features: %w", err)
		}
		d.Features, d.Version = f, f.OCIVersionMax
		if d.isRunsc() {
			d.chooseFlags()
		}
		return nil
	}
	out, err = rt.run(ctx, DelegateEnv, nil, d.Path, "--version")
	if err != nil {
		return err
	}
	m := regexp.MustCompile(`(?m)^spec: (\S+)$`).FindSubmatch(out)
	if m == nil {
		return errors.New("--version names no spec version")
	}
	d.Version = string(m[1])
	return nil
}

// seccompFlags are the filter flags that the delegate knows.
func (d *Delegate) seccompFlags() []string {
	if d.Features == nil || d.Features.Linux == nil || d.Features.Linux.Seccomp == nil {
		return nil
	}
	return d.Features.Linux.Seccomp.KnownFlags
}

func cached(path string) *Delegate {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	d := new(Delegate)
	if json.Unmarshal(data, d) != nil {
		return nil
	}
	return d
}

// store replaces the cache in one step; two processes write the same content.
func store(path string, d *Delegate) error {
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// DefaultDelegate returns the delegate of a node whose tenants name no other.
func (rt *Runtime) DefaultDelegate(ctx context.Context) (*Delegate, error) {
	return rt.Delegate(ctx, rt.nodeOrDefaults(), defaultDelegate)
}

// Ask runs a command of a delegate that is about no container, and returns what
// it prints.
func (rt *Runtime) Ask(ctx context.Context, d *Delegate, args ...string) ([]byte, error) {
	return rt.run(ctx, DelegateEnv, nil, d.Path, args...)
}
