package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// execute narrows a further process of a container and becomes the delegate
// that starts it.
func execute(ctx context.Context, inv *invocation) error {
	asked, err := parseExecution(inv.args)
	if err != nil {
		return err
	}
	m, err := inv.find(ctx, asked.id)
	if err != nil {
		return err
	}
	p, err := asked.decide(ctx, inv, m)
	if err != nil {
		return err
	}
	file, err := processFile(p, 3+asked.preserveFDs)
	if err != nil {
		return err
	}
	args := append(inv.global(m.stateFolder), "exec", "--process", file)
	args = append(args, asked.passed...)
	return runtime.Become(m.delegate, append(args, m.ID)...)
}

// decide returns the process that the delegate gets.
func (e *execution) decide(ctx context.Context, inv *invocation, m made) (*specs.Process, error) {
	asked, err := e.process(inv, m)
	if err != nil {
		return nil, err
	}
	if len(e.cgroups) > 0 {
		return nil, isolator.Denials{{Isolator: "cgrouppath", Path: "exec --cgroup", Got: strconv.Quote(e.cgroups[0]), Want: "none", Allow: isolator.Nothing}}
	}
	p, err := inv.rt.Exec(ctx, m.Caller, asked, isolator.Stdio{Terminal: asked.Terminal})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("refused: container %s was not started by Bulkhead; create it again", m.ID)
	}
	return p, err
}

// process is what was asked for: a file's or, as runc has it, the container's
// own process with what the flags change.
func (e *execution) process(inv *invocation, m made) (*specs.Process, error) {
	p := new(specs.Process)
	if e.file != "" {
		data, err := os.ReadFile(e.file)
		if err == nil {
			err = spec.Decode(data, p)
		}
		if err != nil {
			return nil, fmt.Errorf("read the process to execute: %w", err)
		}
		return p, nil
	}
	bundle, err := inv.bundle(m)
	if err != nil {
		return nil, err
	}
	config, err := spec.Read(bundle)
	if err != nil {
		return nil, err
	}
	s, err := spec.Parse(config)
	if err != nil {
		return nil, err
	}
	if s.Process != nil {
		p = s.Process
	}
	return p, e.change(p)
}

// processFile writes a process where only its delegate reads it, and returns the
// path for it: a file in memory that stays open, above those that are handed on
// to the container. A delegate closes it there.
func processFile(p *specs.Process, first int) (string, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	fd, err := unix.MemfdCreate("process.json", unix.MFD_CLOEXEC)
	if err != nil {
		return "", os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "process.json")
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return "", err
	}
	kept, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD, first)
	if err != nil {
		return "", os.NewSyscallError("fcntl F_DUPFD", err)
	}
	return fmt.Sprintf("/proc/self/fd/%d", kept), nil
}
