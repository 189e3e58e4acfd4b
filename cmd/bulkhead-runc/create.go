package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// creation is what `create` and `run` are asked for.
type creation struct {
	id, bundle    string
	pidFile       string
	consoleSocket string
	pidfdSocket   string
	preserveFDs   int
	noPivot       bool
	noNewKeyring  bool
	detach, keep  bool // run only
}

func parseCreation(verb string, args []string) (*creation, error) {
	c := new(creation)
	f := flags(verb)
	text(f, &c.bundle, "bundle", "b")
	f.StringVar(&c.pidFile, "pid-file", "", "")
	f.StringVar(&c.consoleSocket, "console-socket", "", "")
	f.StringVar(&c.pidfdSocket, "pidfd-socket", "", "")
	f.IntVar(&c.preserveFDs, "preserve-fds", 0, "")
	f.BoolVar(&c.noPivot, "no-pivot", false, "")
	f.BoolVar(&c.noNewKeyring, "no-new-keyring", false, "")
	if verb == "run" {
		both(f, &c.detach, "detach", "d")
		f.BoolVar(&c.keep, "keep", false, "")
		f.Bool("no-subreaper", false, "") // how a container's end is waited for is ours
	}
	err := f.Parse(args)
	if err == nil {
		c.id, err = one(f)
	}
	if err == nil && (c.preserveFDs < 0 || c.preserveFDs > 1024) {
		err = fmt.Errorf("--preserve-fds is %d, want 0 to 1024", c.preserveFDs)
	}
	if c.bundle == "" {
		c.bundle = "."
	}
	return c, err
}

func create(ctx context.Context, inv *invocation) error {
	asked, err := parseCreation("create", inv.args)
	if err != nil {
		return err
	}
	_, _, err = inv.create(ctx, asked)
	return err
}

// create decides a container and has the delegate make it. Afterwards it is
// there, with a process that waits to be started, or nothing of it is.
func (inv *invocation) create(ctx context.Context, asked *creation) (made, int, error) {
	c, err := inv.creator(asked.id, asked.bundle)
	if err != nil {
		return made{}, 0, err
	}
	accepted, err := inv.rt.Create(ctx, c, &isolator.Request{
		Options: isolator.Options{NoPivotRoot: asked.noPivot, NoNewKeyring: asked.noNewKeyring},
	})
	if err != nil {
		return made{}, 0, err
	}
	defer accepted.Close()
	if p := accepted.Request.Spec.Process; p != nil && p.Terminal && asked.consoleSocket == "" {
		return made{}, 0, errors.Join(errors.New("a terminal needs --console-socket: bulkhead-runc shows none itself"), accepted.Undo())
	}
	m := made{accepted.Request.Options.BinaryName, inv.rt.StateFolder(c), c}
	pid, err := inv.make(ctx, m, asked, accepted.Request.Options.SystemdCgroup)
	if err != nil {
		return m, 0, errors.Join(err, accepted.Undo())
	}
	if err := accepted.Confirm(pid); err != nil {
		return m, 0, errors.Join(err, inv.discard(ctx, m))
	}
	if err := accepted.OpenPing(pid); err != nil {
		fmt.Fprintln(os.Stderr, "bulkhead-runc: ping needs CAP_NET_RAW in this container:", err)
	}
	if err := accepted.Started(ctx, pid); err != nil {
		return m, 0, errors.Join(fmt.Errorf("record the container's process: %w", err), inv.discard(ctx, m))
	}
	return m, pid, nil
}

// made is a container that the delegate has.
type made struct {
	delegate    string
	stateFolder string
	runtime.Caller
}

// make has the delegate create the container and returns its first process.
func (inv *invocation) make(ctx context.Context, m made, asked *creation, systemd bool) (int, error) {
	pidFile := asked.pidFile
	if pidFile == "" {
		dir, err := os.MkdirTemp(inv.rt.Root().Path("/run/bulkhead"), "pid-*")
		if err != nil {
			return 0, err
		}
		defer os.RemoveAll(dir)
		pidFile = filepath.Join(dir, "pid")
	}
	if err := os.MkdirAll(m.stateFolder, 0o700); err != nil {
		return 0, err
	}
	args := inv.global(m.stateFolder)
	if systemd {
		args = append(args, "--systemd-cgroup")
	}
	args = append(args, "create", "--bundle", m.Bundle, "--pid-file", pidFile)
	for flag, value := range map[string]string{"--console-socket": asked.consoleSocket, "--pidfd-socket": asked.pidfdSocket} {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	var files []*os.File
	if n := asked.preserveFDs; n > 0 {
		args = append(args, "--preserve-fds", strconv.Itoa(n))
		for fd := 3; fd < 3+n; fd++ {
			files = append(files, os.NewFile(uintptr(fd), "preserved"))
		}
	}
	if err := runtime.Attached(ctx, files, m.delegate, append(args, m.ID)...); err != nil {
		return 0, err
	}
	data, err := os.ReadFile(pidFile)
	if err == nil {
		var pid int
		if pid, err = strconv.Atoi(strings.TrimSpace(string(data))); err == nil {
			return pid, nil
		}
	}
	return 0, errors.Join(fmt.Errorf("read the container's process: %w", err), inv.discard(ctx, m))
}

// discard takes a container away that must not run, with all that Bulkhead has
// of it.
func (inv *invocation) discard(ctx context.Context, m made) error {
	_, err := runtime.Execute(ctx, runtime.DelegateEnv, nil, m.delegate, "--root", m.stateFolder, "delete", "--force", m.ID)
	return errors.Join(err, inv.rt.Release(m.Scope(), m.ID))
}
