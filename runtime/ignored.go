package runtime

import (
	"fmt"
	"maps"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// Ignored says what of an accepted request its delegate does not do. runsc gives
// the container a kernel of its own, which has no part in some of what bounds
// one on the node's, and says so in its debug log at most.
// Source: gVisor 160fafc42237, runsc/specutils, runsc/boot.
func Ignored(f isolator.Facts, s *specs.Spec) (all []Note) {
	if !f.Delegate.Sandbox {
		return nil
	}
	say := func(is bool, key, what string) {
		if is {
			all = append(all, Note{Key: key, What: what})
		}
	}
	if p := s.Process; p != nil {
		say(p.ApparmorProfile != "", "process.apparmorProfile", "is not applied; the sandbox has none")
		say(p.Capabilities != nil && slices.Contains(p.Capabilities.Bounding, "CAP_NET_RAW"), "process.capabilities",
			"are given without CAP_NET_RAW: the network of a sandbox has no raw sockets")
		say(p.Scheduler != nil, "process.scheduler", "is not applied")
		say(p.IOPriority != nil, "process.ioPriority", "is not applied")
	}
	for _, m := range s.Mounts {
		say(len(m.UIDMappings)+len(m.GIDMappings) > 0, fmt.Sprintf("mounts[%q].uidMappings", m.Destination), "are not applied: files have the IDs that they have on the node")
	}
	if s.Hooks != nil {
		say(len(s.Hooks.StartContainer) > 0, "hooks.startContainer", "are not run")
	}
	l := s.Linux
	if l == nil {
		return all
	}
	say(l.Seccomp != nil, "linux.seccomp",
		"is not applied: the container's system calls go to the sandbox's kernel, and runsc's own filter bounds what that asks of the node's")
	for _, key := range slices.Sorted(maps.Keys(l.Sysctl)) {
		if key != "fs.nr_open" && key != "net.ipv6.conf.all.disable_ipv6" {
			say(true, fmt.Sprintf("linux.sysctl[%q]", key), "is not applied")
		}
	}
	say(len(l.Devices) > 0, "linux.devices", "are not there, except GPUs and TPUs: the sandbox's kernel has its own /dev")
	say(l.Personality != nil, "linux.personality", "is not applied")
	say(len(l.TimeOffsets) > 0, "linux.timeOffsets", "are not applied")
	say(l.MemoryPolicy != nil, "linux.memoryPolicy", "is not applied")
	for _, ns := range l.Namespaces {
		say(ns.Path != "" && ns.Type != specs.NetworkNamespace, fmt.Sprintf("linux.namespaces[%s].path", ns.Type), "is not joined: the sandbox's kernel has its own")
	}
	return all
}
