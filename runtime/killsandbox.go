package runtime

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// insidePid is added to the name of a pid file for that with the number that a
// further process has in its sandbox's kernel.
const insidePid = ".inside"

// withInsidePid asks runsc for that number, where it is told to execute a
// process and to write its pid, as by runc's task service.
func withInsidePid(args []string) []string {
	exec := slices.Index(args, "exec")
	file := slices.Index(args, "--pid-file")
	if exec < 0 || file < exec || file+1 >= len(args) {
		return args
	}
	return slices.Insert(slices.Clone(args), exec+1, "--internal-pid-file", args[file+1]+insidePid)
}

// KillInSandbox signals a further process of a container in its sandbox's kernel.
// On the node there is only a program that waits for it.
func (rt *Runtime) KillInSandbox(ctx context.Context, c Caller, execID string, signal syscall.Signal) error {
	r, err := record.Load(rt.root, c.Scope(), c.ID)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(r.Bundle, execID+".pid"+insidePid))
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return fmt.Errorf("pid of %s in its sandbox: %w", execID, err)
	}
	_, err = rt.run(ctx, DelegateEnv, nil, r.Delegate, "--root", r.StateRoot, "kill", "--pid", strconv.Itoa(pid), r.ID, strconv.Itoa(int(signal)))
	return err
}

// EndSandbox is for a sandbox that cannot be told of a signal: it reports one
// that has ended, and kills one that does not answer where it is to be killed.
// Any other is an error.
func (rt *Runtime) EndSandbox(c Caller, signal syscall.Signal) (ended bool, err error) {
	r, err := record.Load(rt.root, c.Scope(), c.ID)
	if err != nil {
		return false, err
	}
	fd, err := unix.PidfdOpen(r.Pid, 0)
	if err == unix.ESRCH || err == nil && !r.Alive() { // opened first: it is not somebody else's by now
		return true, closeOf(fd, err)
	}
	if err != nil {
		return false, os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(fd)
	if signal != unix.SIGKILL {
		return false, fmt.Errorf("the sandbox of %s does not answer", r.ID)
	}
	if err := unix.PidfdSendSignal(fd, signal, nil, 0); err != unix.ESRCH {
		return false, os.NewSyscallError("pidfd_send_signal", err)
	}
	return true, nil
}

// closeOf closes what was opened.
func closeOf(fd int, err error) error {
	if err != nil {
		return nil
	}
	return unix.Close(fd)
}
