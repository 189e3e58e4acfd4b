package tenant

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ReadHandler returns the tenant that a runtime handler's file names, empty if
// it names none. Only root's own files in the handlers' folder count. The error
// is fs.ErrNotExist when there is no such file.
func ReadHandler(root Root, path string) (string, error) {
	if filepath.Clean(path) != path || filepath.Dir(path) != root.Handlers() {
		return "", fmt.Errorf("refused: runtime option ConfigPath is not a file of %s; put the handler's file there", root.Handlers())
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return "", fmt.Errorf("read the runtime handler's file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() || st.Uid != 0 || info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("refused: runtime handler file %s can be written by others than root; run: chown root %[1]s; chmod 0644 %[1]s", path)
	}
	body, err := io.ReadAll(io.LimitReader(f, 4<<10))
	if err != nil {
		return "", err
	}
	return ParseHandler(body)
}

// ParseHandler reads the one key of a handler's options, in TOML: tenant = "acme".
// A TOML library would be a twentieth of the shim's size for it.
func ParseHandler(body []byte) (string, error) {
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
