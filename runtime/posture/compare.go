package posture

import (
	"fmt"
	"slices"
	"strings"

	kernelcap "github.com/containerd/containerd/v2/pkg/cap"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A Difference is something that a process has beyond what its container was
// given.
type Difference struct{ Field, Got, Want string }

// Beyond compares a process of a container with the spec that its delegate was
// given. here is the reader's own posture, whose namespaces are the node's.
func (p *Posture) Beyond(given *specs.Spec, here *Posture) []Difference {
	var all differences
	all.capabilities(p, given.Process)
	all.privileges(p, given)
	all.limits(p, given.Process)
	all.namespaces(p, given.Linux, here)
	all.ids(p, given.Linux)
	all.files(p)
	return all
}

type differences []Difference

func (ds *differences) add(field, got, want string) { *ds = append(*ds, Difference{field, got, want}) }

// capabilities: a process never has more than the bounding set. What a process
// in a user namespace of its own holds is held over that alone.
func (ds *differences) capabilities(p *Posture, given *specs.Process) {
	if given == nil {
		return
	}
	var most uint64
	if given.Capabilities != nil {
		most = bits(given.Capabilities.Bounding)
	}
	for _, set := range []struct {
		name string
		held uint64
	}{
		{"bounding", p.Capabilities.Bounding}, {"permitted", p.Capabilities.Permitted}, {"effective", p.Capabilities.Effective},
		{"inheritable", p.Capabilities.Inheritable}, {"ambient", p.Capabilities.Ambient},
	} {
		if more := set.held &^ most; more != 0 {
			ds.add("process.capabilities."+set.name, "with "+strings.Join(names(more), ", "), "without")
		}
	}
}

func bits(capabilities []string) (set uint64) {
	for n, name := range kernelcap.Known() {
		if slices.Contains(capabilities, name) {
			set |= 1 << n
		}
	}
	return set
}

func names(set uint64) []string {
	known, newer := kernelcap.FromBitmap(set)
	for _, n := range newer {
		known = append(known, fmt.Sprintf("capability %d", n))
	}
	return known
}

func (ds *differences) privileges(p *Posture, given *specs.Spec) {
	if given.Process != nil && given.Process.NoNewPrivileges && !p.NoNewPrivileges {
		ds.add("process.noNewPrivileges", "false", "true")
	}
	if given.Linux != nil && given.Linux.Seccomp != nil && p.Seccomp != SeccompFilter {
		ds.add("linux.seccomp", p.Seccomp.String(), "a filter")
	}
	if given.Process != nil && given.Process.OOMScoreAdj != nil && p.OOMScoreAdj < *given.Process.OOMScoreAdj {
		ds.add("process.oomScoreAdj", fmt.Sprint(p.OOMScoreAdj), fmt.Sprintf("at least %d", *given.Process.OOMScoreAdj))
	}
}

// limits: CAP_SYS_RESOURCE may raise them, so they say nothing of who has it.
func (ds *differences) limits(p *Posture, given *specs.Process) {
	if given == nil || p.Capabilities.Permitted&bits([]string{"CAP_SYS_RESOURCE"}) != 0 {
		return
	}
	for _, r := range given.Rlimits {
		if got, ok := p.Limits[r.Type]; ok && got.Hard > r.Hard {
			ds.add(fmt.Sprintf("process.rlimits[%s].hard", r.Type), fmt.Sprint(got.Hard), fmt.Sprintf("at most %d", r.Hard))
		}
	}
}

// namespaces: what the container was given for itself is not the node's.
func (ds *differences) namespaces(p *Posture, given *specs.Linux, here *Posture) {
	if given == nil {
		return
	}
	for _, ns := range given.Namespaces {
		if got := p.Namespaces[ns.Type]; got != "" && got == here.Namespaces[ns.Type] {
			ds.add(fmt.Sprintf("linux.namespaces[%s]", ns.Type), "the node's", "another")
		}
	}
}

// ids: who has a user namespace has no ID of the node but those of its mapping.
func (ds *differences) ids(p *Posture, given *specs.Linux) {
	if given == nil {
		return
	}
	for _, of := range []struct {
		field string
		given []specs.LinuxIDMapping
		held  []uint32
	}{{"uidMappings", given.UIDMappings, p.UIDs}, {"gidMappings", given.GIDMappings, p.GIDs}} {
		if len(of.given) == 0 {
			continue
		}
		mapped := func(id uint32) bool {
			return slices.ContainsFunc(of.given, func(m specs.LinuxIDMapping) bool {
				return id >= m.HostID && uint64(id) < uint64(m.HostID)+uint64(m.Size)
			})
		}
		for _, id := range slices.Compact(slices.Sorted(slices.Values(of.held))) {
			if !mapped(id) {
				ds.add("linux."+of.field, fmt.Sprintf("a process with the node's ID %d", id), "those of the mapping")
			}
		}
	}
}

// files: an open file on a mount that the process does not see was left open by
// who made the container, and leads out of it (CVE-2024-21626). The streams of
// a container may be the engine's /dev/null.
func (ds *differences) files(p *Posture) {
	for _, f := range p.Files {
		seen := slices.ContainsFunc(p.Mounts, func(m Mount) bool { return m.ID == f.MountID })
		inMemory := strings.HasPrefix(f.Path, "/memfd:") || strings.HasPrefix(f.Path, "/SYSV") || strings.HasPrefix(f.Path, "/anon_hugepage")
		if !seen && !inMemory && !f.Null {
			ds.add("open file "+f.Descriptor, f.Path, "none of the node's")
		}
	}
}
