package runtime

import (
	"os"
	"strings"
	"syscall"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// fifos returns the paths of streams that are fifos. Nothing is opened: the
// paths are a client's.
func fifos(s isolator.Stdio) []string {
	var found []string
	for _, stream := range []string{s.Stdin, s.Stdout, s.Stderr} {
		path := strings.TrimPrefix(stream, "fifo://")
		if info, err := os.Lstat(path); err == nil && info.Mode().Type() == os.ModeNamedPipe {
			found = append(found, path)
		}
	}
	return found
}

// hookBinaries returns what the programs of the hooks that an engine brings
// (prestart, by /proc/<pid>/exe) really are, of those that root alone can
// replace.
func hookBinaries(h *specs.Hooks) map[string]string {
	if h == nil {
		return nil
	}
	found := map[string]string{}
	//lint:ignore SA1019 Docker up to 27 uses it
	for _, hook := range h.Prestart {
		program, err := os.Readlink(hook.Path)
		if err != nil || !strings.HasPrefix(hook.Path, "/proc/") || !rootsOwn(hook.Path, program) {
			continue
		}
		found[hook.Path] = program
	}
	return found
}

// rootsOwn reports whether the running program is still the file of its name,
// and root's alone to write.
func rootsOwn(running, path string) bool {
	a, err := os.Stat(running)
	if err != nil {
		return false
	}
	b, err := os.Lstat(path)
	if err != nil || !os.SameFile(a, b) {
		return false
	}
	st, ok := b.Sys().(*syscall.Stat_t)
	return ok && st.Uid == 0 && b.Mode().IsRegular() && b.Mode().Perm()&0o022 == 0
}
