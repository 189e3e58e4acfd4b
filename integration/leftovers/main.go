// Leftovers runs a command and fails if something of it stays on the machine
// after its end: processes, mounts, cgroups, network namespaces, sockets,
// folders. `make test` runs in it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// grace is how long what runs in the background may take to clean up.
const grace = 30 * time.Second

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: leftovers COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	before := look()
	code, err := run(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if left := settle(before); len(left) > 0 {
		fmt.Println("left on the machine:")
		for _, l := range left {
			fmt.Println(" ", l)
		}
		os.Exit(max(code, 1))
	}
	fmt.Println("nothing is left on the machine")
	os.Exit(code)
}

// run runs the command to its end and returns its exit code. Orphans of the
// command become children of this process, so that none is overlooked.
func run(name string, args []string) (int, error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("become a subreaper: %w", err)
	}
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// Ctrl-C reaches the command by itself; this process has to stay and look.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	go func() {
		for s := range signals {
			if s == syscall.SIGTERM {
				_ = cmd.Process.Signal(s) // it may have ended
			}
		}
	}()
	return reap(cmd.Process.Pid)
}

// reap waits for the command, and on the way for every orphan that ends.
func reap(command int) (int, error) {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, os.NewSyscallError("wait4", err)
		case pid == command && status.Signaled():
			return 128 + int(status.Signal()), nil
		case pid == command:
			return status.ExitStatus(), nil
		}
	}
}

// settle gives what runs in the background its time, and returns what is there
// then and was not before.
func settle(before map[string]bool) []string {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var left []string
	_ = node.Await(ctx, func() bool { // what is left at the end says it all
		var status unix.WaitStatus
		for pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil); pid > 0 && err == nil; {
			pid, err = unix.Wait4(-1, &status, unix.WNOHANG, nil)
		}
		left = nil
		for _, pid := range host.Children(os.Getpid()) {
			if !ofTheGoCommand(pid) {
				left = append(left, fmt.Sprintf("process %d %s", pid, host.Command(pid)))
			}
		}
		for what := range look() {
			if !before[what] {
				left = append(left, what)
			}
		}
		return len(left) == 0
	})
	return left
}
