package integration

import (
	"os"
	"path/filepath"
	"testing"

	runc "github.com/containerd/containerd/api/types/runc/options"
	runtimeoptions "github.com/containerd/containerd/api/types/runtimeoptions/v1"
	"github.com/containerd/containerd/v2/client"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// What an engine's configuration calls "runtime_path": the runtime's type stays
// runc's, with runc's options, and the program is Bulkhead's shim.
func TestRuntimePathBehindRuncsType(t *testing.T) {
	onEachEngine(t, pair, func(s *stage) {
		for _, options := range []any{nil, &runc.Options{}, &runc.Options{BinaryName: "runc"}} {
			r := stock(s.sleeper("acme"))
			r.Options = options
			r.Task = []client.NewTaskOpts{client.WithRuntimePath(s.node.Shim())}
			if got := s.read(host.MemoryLimit, s.start(r), 1); got != 128<<20 {
				s.Errorf("options %v: its tenant's memory is %d, want acme's", options, got)
			}
		}
	})
}

func TestCtrNamesTheShimByItsPath(t *testing.T) {
	onEachEngine(t, pair, func(s *stage) {
		res, err := s.node.CtrRun(s.ctx, s.node.Namespace("acme"), s.node.Shim(), nil, "grep", "CapBnd", "/proc/self/status")
		s.must(err)
		s.must(res.Failed())
		res, err = s.node.CtrRun(s.ctx, s.node.Namespace("acme"), s.node.Shim(), []string{"--net-host"}, "true")
		s.must(err)
		if res.Code == 0 {
			s.Error("the host's network was given")
		}
	})
}

func TestRuntimeHandlerPinsATenant(t *testing.T) {
	onEachEngine(t, pair, func(s *stage) {
		pinned := func(namespace, path string) node.Run {
			r := s.sleeper(namespace)
			r.Options = &runtimeoptions.Options{ConfigPath: path}
			return r
		}
		file := s.handler("globex.toml", 0o644)
		if got := s.read(host.MemoryLimit, s.start(pinned("nobody", file)), 1); got != 64<<20 {
			s.Errorf("its tenant's memory is %d, want globex's", got)
		}
		_, err := s.node.Run(s.ctx, pinned("acme", file))
		expectRefusal(s, err, "name different tenants; make them agree")

		// ctr's user chooses the path, so the file must be the operator's.
		_, err = s.node.Run(s.ctx, pinned("nobody", s.handler("open.toml", 0o666)))
		expectRefusal(s, err, "can be written by others than root")
		elsewhere := filepath.Join(s.TempDir(), "handler.toml")
		s.must(os.WriteFile(elsewhere, []byte(`tenant = "globex"`), 0o600))
		_, err = s.node.Run(s.ctx, pinned("nobody", elsewhere))
		expectRefusal(s, err, "refused: runtime option ConfigPath is not a file of "+s.node.Root().Handlers())
		_, err = s.node.Run(s.ctx, pinned("nobody", s.node.Root().Handlers()+"/../handlers/globex.toml"))
		expectRefusal(s, err, "refused: runtime option ConfigPath is not a file of ")
	})
}

// handler writes a runtime handler's file that pins globex.
func (s *stage) handler(name string, mode os.FileMode) string {
	s.Helper()
	path := filepath.Join(s.node.Root().Handlers(), name)
	s.must(os.MkdirAll(filepath.Dir(path), 0o755))
	s.must(os.WriteFile(path, []byte("tenant = \"globex\"\n"), 0o600))
	s.must(os.Chmod(path, mode)) // whatever the umask
	return path
}
