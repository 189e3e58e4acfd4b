package runtime

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Attached executes a delegate on this process's standard streams and with
// further files, from 3 on, and waits for it: what it starts for a container
// keeps them. A delegate that failed has said why itself; the error is then an
// *exec.ExitError.
func Attached(ctx context.Context, files []*os.File, delegate string, args ...string) error {
	cmd := exec.CommandContext(ctx, delegate, args...)
	cmd.Env = DelegateEnv
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = files
	return cmd.Run()
}

// Become replaces this process by a delegate, with everything that it has open
// and is to hand on. It returns only when it failed.
func Become(delegate string, args ...string) error {
	err := syscall.Exec(delegate, append([]string{delegate}, args...), DelegateEnv)
	return fmt.Errorf("execute %s: %w", delegate, err)
}
