package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// behind is the delegate that the recorder stands before.
const behind = programs + "/runc.engine"

// askedFile is the engine's spec as it came, in the bundle.
const askedFile = "config.json.asked"

// delegate is the recorder in the place of runc. It keeps a copy of the spec
// that a container is created with, and starts one that this machine and an
// image of busybox can have: what is recorded is the copy.
func delegate(args []string) error {
	if i := slices.Index(args, "--bundle"); i > 0 && i+1 < len(args) && slices.Contains(args, "create") {
		if err := relax(args[i+1]); err != nil {
			return err
		}
	}
	return syscall.Exec(behind, args, os.Environ())
}

// relax takes from a spec what a machine may not be able to do, and what only
// the public image could run.
func relax(bundle string) error {
	config := filepath.Join(bundle, "config.json")
	data, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(bundle, askedFile), data, 0o600); err != nil {
		return err
	}
	var s specs.Spec
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	s.Process.Args, s.Process.Cwd = []string{"/bin/sleep", "3600"}, "/"
	s.Process.Rlimits, s.Process.OOMScoreAdj, s.Process.ApparmorProfile = nil, nil, ""
	s.Process.Capabilities = nil
	s.Linux.Resources, s.Linux.Seccomp, s.Linux.Sysctl, s.Linux.Devices = nil, nil, nil, nil
	s.Linux.CgroupsPath = worldsCgroup() + "/" + filepath.Base(bundle)
	if data, err = json.Marshal(s); err != nil {
		return err
	}
	return os.WriteFile(config, data, 0o600)
}

// worldsCgroup is where all containers of the world are put. It comes by a file:
// engines do not hand their environment on.
func worldsCgroup() string {
	data, err := os.ReadFile(filepath.Join(scratch, "cgroup"))
	if err != nil {
		return "/bulkhead-record"
	}
	return strings.TrimSpace(string(data))
}

func rememberCgroup() error {
	name := os.Getenv(cgroupVariable)
	if name == "" {
		return fmt.Errorf("%s is not set", cgroupVariable)
	}
	return os.WriteFile(filepath.Join(scratch, "cgroup"), []byte(name), 0o644)
}
