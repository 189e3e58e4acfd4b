package isolator

import (
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// DelegateOptions are the options that a delegate gets whatever the engine
// asked for: which program it is, where it keeps its state, and what follows
// from the spec. Docker and nerdctl send none of these to a shim of another
// name than runc's.
func DelegateOptions(f Facts, s *specs.Spec, cgroupsPath string) Options {
	o := Options{
		BinaryName:    f.Delegate.Path,
		Root:          f.Delegate.StateRoot,
		SystemdCgroup: isSystemdPath(cgroupsPath),
	}
	if s.Linux != nil {
		o.IoUID = hostRoot(s.Linux.UIDMappings)
		o.IoGID = hostRoot(s.Linux.GIDMappings)
	}
	return o
}

// isSystemdPath recognises "slice:prefix:name" (runc, docs/systemd.md). With
// the cgroupfs driver runc would make a directory of that name.
func isSystemdPath(path string) bool {
	parts := strings.Split(path, ":")
	return len(parts) == 3 && !strings.Contains(parts[0]+parts[1], "/") && parts[2] != ""
}

// hostRoot is the host's ID of the container's root, which owns its pipes.
func hostRoot(mappings []specs.LinuxIDMapping) uint32 {
	for _, m := range mappings {
		if m.ContainerID == 0 && m.Size > 0 {
			return m.HostID
		}
	}
	return 0
}
