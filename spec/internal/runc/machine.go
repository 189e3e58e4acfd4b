// Package runc asks runc itself whether it would take a spec: its own reading
// of config.json and its own validation, as `runc create` does both before it
// touches anything. Only tests use it.
//
// Needs cgo, as runc does: without, Judge.Accepts is ErrNoCgo.
package runc

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// ErrNoCgo says that the judge is not built in.
var ErrNoCgo = errors.New("runc reads no specs without cgo; install gcc, or take CGO_ENABLED=0 away")

// Judge is a bundle to put specs in.
type Judge struct {
	bundle string
	shared string // a file in place of a namespace
}

// NewJudge makes a bundle and works in it, as runc does, until the test ends.
func NewJudge(t *testing.T) *Judge {
	t.Helper()
	j := &Judge{bundle: t.TempDir()}
	j.shared = filepath.Join(j.bundle, "namespace")
	if err := errors.Join(os.Mkdir(filepath.Join(j.bundle, "rootfs"), 0o700), os.WriteFile(j.shared, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(j.bundle)
	return j
}

// here is a copy of a spec without what depends on the machine: the root, the
// namespaces to join and the id maps of one, SELinux and resctrl, which need not
// be there, and files of cgroup v2. The seccomp profile goes as well: runc can
// read one only with libseccomp, which has tests of its own.
func (j *Judge) here(s *specs.Spec) (*specs.Spec, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	c := new(specs.Spec)
	if err := json.Unmarshal(data, c); err != nil {
		return nil, err
	}
	if c.Root != nil {
		c.Root.Path = "rootfs"
	}
	if c.Process != nil {
		c.Process.SelinuxLabel = ""
	}
	if l := c.Linux; l != nil {
		l.Seccomp, l.IntelRdt = nil, nil
		if l.Resources != nil {
			l.Resources.Unified = nil
		}
		for i, ns := range l.Namespaces {
			switch {
			case ns.Path == "":
			case ns.Type == specs.UserNamespace:
				l.Namespaces[i].Path = ""
				if len(l.UIDMappings)+len(l.GIDMappings) == 0 {
					l.UIDMappings = []specs.LinuxIDMapping{{HostID: 65536, Size: 65536}}
					l.GIDMappings = l.UIDMappings
				}
			default:
				l.Namespaces[i].Path = j.shared
			}
		}
	}
	return c, nil
}

// inSlice reports a cgroup in systemd's form, "slice:prefix:name" (runc's
// docs/systemd.md).
func inSlice(s *specs.Spec) bool {
	return s.Linux != nil && strings.Count(s.Linux.CgroupsPath, ":") == 2 && !strings.Contains(s.Linux.CgroupsPath, "/")
}
