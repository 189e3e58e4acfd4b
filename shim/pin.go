package shim

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	runtimeoptions "github.com/containerd/containerd/api/types/runtimeoptions/v1"
	"github.com/containerd/typeurl/v2"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// pinnedTenant returns the tenant that a runtime handler's options name, empty
// if none. Options may be a client's choice (`ctr --runtime-config-path`): of
// paths, only root's files in the handlers' folder count, which are there for
// every client; a body counts in the CRI plugin's containerd namespace, where
// containerd (1.7 and later) fills it from its config.toml.
func pinnedTenant(root tenant.Root, namespace string, a *anypb.Any) (string, error) {
	if a.GetTypeUrl() == "" {
		return "", nil
	}
	v, err := typeurl.UnmarshalAny(a)
	if err != nil {
		return "", fmt.Errorf("read the runtime options: %w", err)
	}
	o, ok := v.(*runtimeoptions.Options)
	if !ok {
		return "", nil
	}
	switch {
	case o.ConfigPath != "":
		body, err := readHandler(root, o.ConfigPath)
		if err != nil {
			return "", err
		}
		return parseHandler(body)
	case len(o.ConfigBody) > 0 && namespace != tenant.Kubernetes:
		return "", fmt.Errorf("refused: runtime option ConfigBody outside of containerd namespace %s; name a file of %s as ConfigPath", tenant.Kubernetes, root.Handlers())
	}
	return parseHandler(o.ConfigBody)
}

func readHandler(root tenant.Root, path string) ([]byte, error) {
	if filepath.Clean(path) != path || filepath.Dir(path) != root.Handlers() {
		return nil, fmt.Errorf("refused: runtime option ConfigPath is not a file of %s; put the handler's file there", root.Handlers())
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, fmt.Errorf("read the runtime handler's file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() || st.Uid != 0 || info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("refused: runtime handler file %s can be written by others than root; run: chown root %[1]s; chmod 0644 %[1]s", path)
	}
	return io.ReadAll(io.LimitReader(f, 4<<10))
}

// parseHandler reads the one key of a handler's options, in TOML: tenant = "acme".
// A TOML library would be a twentieth of the shim's size for it.
func parseHandler(body []byte) (string, error) {
	name := ""
	for line := range strings.Lines(string(body)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		value = strings.TrimSpace(value)
		quoted := len(value) >= 2 && value[0] == value[len(value)-1] && (value[0] == '"' || value[0] == '\'')
		if !ok || strings.TrimSpace(key) != "tenant" || !quoted || name != "" {
			return "", fmt.Errorf(`refused: runtime handler option %q; the only option is: tenant = "NAME"`, line)
		}
		name = value[1 : len(value)-1]
	}
	return name, nil
}
