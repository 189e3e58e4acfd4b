package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
)

// keeperVariable names the folder to a process that shall be a keeper.
const keeperVariable = "BULKHEAD_NODE_KEEPER"

// Main must be the first call of every program that starts nodes. In the
// keeper and in what becomes containerd in a world of its own, which are the same
// program started once more, it does not return.
func Main() {
	if dir := os.Getenv(keeperVariable); dir != "" {
		keep(place(dir))
		os.Exit(0)
	}
	if packages := os.Getenv(worldVariable); packages != "" {
		fmt.Fprintln(os.Stderr, found(packages, os.Args[1:]))
		os.Exit(1)
	}
}

// keeper outlives the node's process, whatever ends that: a panic, a timeout
// of go test, Ctrl-C, SIGKILL. It waits for the end of its standard input.
type keeper struct {
	cmd    *exec.Cmd
	input  io.Closer
	report io.Reader
}

func startKeeper(p place) (*keeper, error) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{keeperVariable + "=" + string(p), PatienceVariable + "=" + os.Getenv(PatienceVariable), "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C is for the others
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	report, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the keeper: %w", err)
	}
	return &keeper{cmd, input, report}, nil
}

// finish makes the keeper clean up, and returns what it could not remove.
func (k *keeper) finish() error {
	if err := k.input.Close(); err != nil {
		return err
	}
	var errs []error
	lines := bufio.NewScanner(k.report)
	for lines.Scan() {
		errs = append(errs, errors.New(lines.Text()))
	}
	return errors.Join(append(errs, k.cmd.Wait())...)
}

func keep(p place) {
	signal.Ignore(syscall.SIGPIPE, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := p.remove(); err != nil {
		fmt.Println(err)
	}
}

// remove ends every process of the node and takes everything of it away.
func (p place) remove() error {
	var errs []error
	if err := p.killAll(); err != nil {
		errs = append(errs, err)
	}
	for _, m := range host.MountsBelow(string(p)) {
		if err := unix.Unmount(m, unix.MNT_DETACH); err != nil {
			errs = append(errs, fmt.Errorf("unmount %s: %w", m, err))
		}
	}
	own := host.CgroupsNamed(func(name string) bool { return p.installed(name) || p.namespaced(name) })
	slices.Sort(own)
	for _, c := range slices.Backward(own) { // children first
		if err := os.Remove(c); err != nil {
			errs = append(errs, err)
		}
	}
	states, _ := filepath.Glob("/run/containerd/runc/" + p.name() + "-*")
	for _, path := range slices.Concat(p.shimSockets(), states, []string{string(p)}) {
		if err := os.RemoveAll(path); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// killAll kills by id until no process is left: a shim that is killed first
// leaves its delegate and its container behind.
func (p place) killAll() error {
	ctx, cancel := context.WithTimeout(context.Background(), Patience(10*time.Second))
	defer cancel()
	var pids []int
	err := Await(ctx, func() bool {
		pids = append(host.WithVariable(p.variable()), host.InCgroups(p.ownCgroup)...)
		pids = slices.DeleteFunc(pids, func(pid int) bool { return !host.Alive(pid) })
		for _, pid := range pids {
			_ = unix.Kill(pid, unix.SIGKILL) // it may have ended
		}
		host.Thaw(p.ownCgroup) // a frozen process does not see a signal
		return len(pids) == 0
	})
	if err != nil {
		return fmt.Errorf("processes %v do not end", pids)
	}
	return nil
}
