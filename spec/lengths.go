package spec

import (
	"fmt"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A list of which every element costs more than to be read (a look at the host,
// a comparison with all others) is bounded by itself, far above what engines
// and people write.
const (
	maxMounts        = 1024
	maxDevices       = 4096 // a privileged container has all of the node's
	maxNamespaces    = 16   // Linux has 8
	maxHooks         = 64   // of each stage
	maxCapabilities  = 128  // Linux has 41
	maxArchitectures = 64   // runtime-spec has 21
	maxPath          = 4096 // bytes; PATH_MAX of Linux
)

type length struct {
	what    string
	n, most int
}

// lengths reports the first list or path of a document that is too long.
func lengths(v any) error {
	var lists, paths []length
	switch v := v.(type) {
	case *specs.Spec:
		lists = slices.Concat(ofHooks(v.Hooks), ofLinux(v.Linux), ofProcess(v.Process))
		lists = append(lists, length{"mounts", len(v.Mounts), maxMounts})
		paths = pathsOf(v)
	case *specs.Process:
		lists = ofProcess(v)
		paths = []length{{"process.cwd", len(v.Cwd), maxPath}}
	}
	for _, l := range lists {
		if l.n > l.most {
			return fmt.Errorf("%s has %d entries, more than %d", l.what, l.n, l.most)
		}
	}
	for _, l := range paths {
		if l.n > l.most {
			return fmt.Errorf("%s has %d bytes, more than %d", l.what, l.n, l.most)
		}
	}
	return nil
}

// pathsOf are the paths that are looked at component by component.
func pathsOf(s *specs.Spec) []length {
	var all []length
	if s.Root != nil {
		all = append(all, length{"root.path", len(s.Root.Path), maxPath})
	}
	if s.Process != nil {
		all = append(all, length{"process.cwd", len(s.Process.Cwd), maxPath})
	}
	for _, m := range s.Mounts {
		all = append(all, length{"mounts.source", len(m.Source), maxPath}, length{"mounts.destination", len(m.Destination), maxPath})
	}
	if s.Linux != nil {
		all = append(all, length{"linux.cgroupsPath", len(s.Linux.CgroupsPath), maxPath})
		for _, d := range s.Linux.Devices {
			all = append(all, length{"linux.devices.path", len(d.Path), maxPath})
		}
		for _, ns := range s.Linux.Namespaces {
			all = append(all, length{"linux.namespaces.path", len(ns.Path), maxPath})
		}
	}
	return all
}

func ofProcess(p *specs.Process) []length {
	if p == nil || p.Capabilities == nil {
		return nil
	}
	c := p.Capabilities
	return []length{
		{"process.capabilities.bounding", len(c.Bounding), maxCapabilities},
		{"process.capabilities.effective", len(c.Effective), maxCapabilities},
		{"process.capabilities.permitted", len(c.Permitted), maxCapabilities},
		{"process.capabilities.inheritable", len(c.Inheritable), maxCapabilities},
		{"process.capabilities.ambient", len(c.Ambient), maxCapabilities},
	}
}

func ofHooks(h *specs.Hooks) []length {
	if h == nil {
		return nil
	}
	return []length{
		//lint:ignore SA1019 a deprecated field is read like every other
		{"hooks.prestart", len(h.Prestart), maxHooks},
		{"hooks.createRuntime", len(h.CreateRuntime), maxHooks},
		{"hooks.createContainer", len(h.CreateContainer), maxHooks},
		{"hooks.startContainer", len(h.StartContainer), maxHooks},
		{"hooks.poststart", len(h.Poststart), maxHooks},
		{"hooks.poststop", len(h.Poststop), maxHooks},
	}
}

func ofLinux(l *specs.Linux) []length {
	if l == nil {
		return nil
	}
	all := []length{
		{"linux.namespaces", len(l.Namespaces), maxNamespaces},
		{"linux.devices", len(l.Devices), maxDevices},
	}
	if l.Seccomp != nil {
		all = append(all, length{"linux.seccomp.architectures", len(l.Seccomp.Architectures), maxArchitectures})
	}
	return all
}
