package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/runtime"
)

// run creates and starts a container, stays until it has ended, and deletes it.
// The delegate's own `run` would start it before its namespaces were compared
// with those that were judged, and leave nobody to release what Bulkhead has.
func run(ctx context.Context, inv *invocation) error {
	asked, err := parseCreation("run", inv.args)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 64)
	if !asked.detach {
		// The container's first process becomes this one's child when its
		// delegate has gone (PR_SET_CHILD_SUBREAPER, prctl(2)).
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			return os.NewSyscallError("prctl PR_SET_CHILD_SUBREAPER", err)
		}
		signal.Notify(signals)
	}
	m, pid, err := inv.create(ctx, asked)
	if err != nil {
		return err
	}
	if err = inv.rt.Plugged(m.Caller); err == nil {
		err = runtime.Attached(ctx, nil, m.delegate, append(inv.global(m.stateFolder), "start", m.ID)...)
	}
	if err != nil {
		return errors.Join(err, inv.discard(ctx, m))
	}
	if asked.detach {
		return nil
	}
	go forward(signals, pid)
	status, err := wait(pid)
	if err != nil {
		return errors.Join(fmt.Errorf("wait for the container: %w", err), inv.discard(ctx, m))
	}
	if !asked.keep {
		if err := inv.discard(ctx, m); err != nil {
			return fmt.Errorf("delete the container, which exited with %d: %w", status, err)
		}
	}
	return exited(status)
}

// forward sends the container what this process is sent, as runc does: all but
// what the kernel and Go's runtime tell a process of itself.
func forward(signals <-chan os.Signal, pid int) {
	for s := range signals {
		switch s {
		case syscall.SIGCHLD, syscall.SIGURG, syscall.SIGWINCH, syscall.SIGPIPE:
		default:
			_ = syscall.Kill(pid, s.(syscall.Signal)) // it may have ended
		}
	}
}

// wait reaps until the container's first process has ended, and returns its
// status as a shell has it.
func wait(pid int) (int, error) {
	for {
		var ws unix.WaitStatus
		got, err := unix.Wait4(-1, &ws, 0, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, os.NewSyscallError("wait4", err)
		case got == pid && ws.Signaled():
			return 128 + int(ws.Signal()), nil
		case got == pid && ws.Exited():
			return ws.ExitStatus(), nil
		}
	}
}
