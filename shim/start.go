package shim

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"syscall"

	bootapi "github.com/containerd/containerd/api/runtime/bootstrap/v1"
	"github.com/containerd/containerd/v2/defaults"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/pkg/schedcore"
	ctrshim "github.com/containerd/containerd/v2/pkg/shim"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/spec"
)

// engineManager answers the actions that are processes of their own: start, delete
// and -info.
type engineManager struct{ rt *runtime.Runtime }

// Name is the runtime's name, for log lines and error messages.
func (m *engineManager) Name() string { return Name }

// Start makes the process that serves a container, or finds the one of its
// group. It runs in the bundle. Upstream's own Start would group by annotations
// that anybody can write (containerd 2.4.2, manager_linux.go, groupLabels).
func (m *engineManager) Start(ctx context.Context, p *bootapi.BootstrapParams) (*bootapi.BootstrapResult, error) {
	group, err := m.group(ctx, p.GetInstanceID())
	if err != nil {
		return nil, err
	}
	dir := p.GetSocketDir()
	if dir == "" {
		dir = filepath.Join(defaults.DefaultStateDir, "s")
	}
	res := &bootapi.BootstrapResult{Version: 3, Protocol: "ttrpc"}
	s, err := listen(ctx, dir, p.GetContainerdGrpcAddress(), group, false)
	if err != nil && !errors.Is(err, errServed) {
		return nil, err
	}
	res.Address = s.address
	// containerd 1.x finds a running shim by this file; upstream's cleanup of
	// sockets reads it too.
	if err := os.WriteFile("address", []byte(s.address), 0o600); err != nil {
		s.remove()
		return nil, err
	}
	if s.listener == nil {
		return res, nil
	}
	if err := m.serve(ctx, p, s); err != nil {
		s.remove()
		return nil, err
	}
	return res, nil
}

// group reads the spec in the working directory, which is the bundle.
func (m *engineManager) group(ctx context.Context, id string) (string, error) {
	ns, err := namespaces.NamespaceRequired(ctx)
	if err != nil {
		return "", err
	}
	config, err := spec.Read(".")
	if err != nil {
		return "", err
	}
	return m.rt.Group(runtime.Caller{Namespace: ns, ID: id}, config), nil
}

// serve starts this program again as the process that listens on s.
func (m *engineManager) serve(ctx context.Context, p *bootapi.BootstrapParams, s *socket) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ns, err := namespaces.NamespaceRequired(ctx)
	if err != nil {
		return err
	}
	cmd := exec.Command(self, "-namespace", ns, "-id", p.GetInstanceID(), "-address", p.GetContainerdGrpcAddress())
	if p.GetLogLevel() <= bootapi.LogLevel_LOG_LEVEL_DEBUG {
		cmd.Args = append(cmd.Args, "-debug")
	}
	cmd.Env = append(os.Environ(), "GOMAXPROCS=4") // pruned by Main; 4 as upstream's
	cmd.ExtraFiles = []*os.File{s.file}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := startWithCookie(cmd); err != nil {
		return err
	}
	if err := ctrshim.AdjustOOMScore(cmd.Process.Pid); err != nil {
		return errors.Join(fmt.Errorf("adjust the OOM score of the shim: %w", err), cmd.Process.Kill())
	}
	return cmd.Process.Release()
}

// startWithCookie gives the process a core scheduling cookie of its own where
// containerd asks for one. The cookie is the thread's that starts it.
func startWithCookie(cmd *exec.Cmd) error {
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	if os.Getenv("SCHED_CORE") != "" {
		if err := schedcore.Create(schedcore.ProcessGroup); err != nil {
			return fmt.Errorf("enable core scheduling: %w", err)
		}
	}
	return cmd.Start()
}
