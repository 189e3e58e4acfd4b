package posture

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// namespaceFiles are the names in /proc/<pid>/ns.
var namespaceFiles = map[specs.LinuxNamespaceType]string{
	specs.PIDNamespace: "pid", specs.NetworkNamespace: "net", specs.MountNamespace: "mnt", specs.IPCNamespace: "ipc",
	specs.UTSNamespace: "uts", specs.UserNamespace: "user", specs.CgroupNamespace: "cgroup", specs.TimeNamespace: "time",
}

func (p *Posture) readNamespaces() error {
	p.Namespaces = map[specs.LinuxNamespaceType]string{}
	for t, file := range namespaceFiles {
		name, err := os.Readlink(p.path("ns/" + file))
		if errors.Is(err, fs.ErrNotExist) && t == specs.TimeNamespace {
			continue // before Linux 5.6
		}
		if err != nil {
			return err
		}
		p.Namespaces[t] = name
	}
	return nil
}

func (p *Posture) readMaps() (err error) {
	if p.UIDMap, err = readMap(p.path("uid_map")); err != nil {
		return err
	}
	p.GIDMap, err = readMap(p.path("gid_map"))
	return err
}

// readMap reads "first in the container, first outside, how many" a line
// (user_namespaces(7)).
func readMap(path string) (all []specs.LinuxIDMapping, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		var m specs.LinuxIDMapping
		if _, err := fmt.Sscan(line, &m.ContainerID, &m.HostID, &m.Size); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, m)
	}
	return all, nil
}
