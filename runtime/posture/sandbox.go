package posture

import (
	"fmt"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// goferMay are the capabilities of a sandbox's file server, which looks up,
// makes and gives away files for it in a root that holds the container's alone.
// Source: gVisor 160fafc42237, runsc/cmd/gofer.go, goferCaps.
var goferMay = []string{"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_SYS_CHROOT"}

// sandboxOwn are the namespaces that each process of a sandbox has of its own,
// whatever the spec says of the container's, which are inside.
var sandboxOwn = []specs.LinuxNamespaceType{
	specs.PIDNamespace, specs.NetworkNamespace, specs.MountNamespace, specs.IPCNamespace, specs.UTSNamespace,
}

// BeyondSandbox compares a process that runs a container in a kernel of its own
// (runsc) with what such a process may have at most. The container's processes
// are none of the node's kernel, so their rights are not seen here: what counts is
// what is left to one that broke out of the sandbox's kernel. sandbox is the
// posture of the sandbox's first process; what is not in its pid namespace is
// its file server.
func (p *Posture) BeyondSandbox(given *specs.Spec, here, sandbox *Posture) []Difference {
	var all differences
	var may []string
	gofer := p.Namespaces[specs.PIDNamespace] != sandbox.Namespaces[specs.PIDNamespace]
	if gofer {
		may = goferMay
	}
	all.capabilities(p, &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: may}})
	if !p.NoNewPrivileges {
		all.add("no_new_privs of the sandbox", "0", "1")
	}
	if p.Seccomp != SeccompFilter {
		all.add("seccomp of the sandbox", p.Seccomp.String(), "a filter")
	}
	for _, t := range sandboxOwn {
		if got := p.Namespaces[t]; got != "" && got == here.Namespaces[t] {
			all.add(fmt.Sprintf("%s namespace of the sandbox", t), "the node's", "another")
		}
	}
	all.sandboxRoot(p, here)
	if gofer {
		all.ids(p, given.Linux)
		return all
	}
	if p.Namespaces[specs.UserNamespace] == here.Namespaces[specs.UserNamespace] {
		all.add("user namespace of the sandbox", "the node's", "another")
	}
	if p.Pid == sandbox.Pid && given.Process != nil && given.Process.OOMScoreAdj != nil && p.OOMScoreAdj < *given.Process.OOMScoreAdj {
		all.add("process.oomScoreAdj", fmt.Sprint(p.OOMScoreAdj), fmt.Sprintf("at least %d", *given.Process.OOMScoreAdj))
	}
	return all
}

// sandboxRoot: what a sandbox writes to the root goes into one file of its own,
// so that neither it nor its file server can write there.
func (ds *differences) sandboxRoot(p, here *Posture) {
	root := slices.IndexFunc(p.Mounts, func(m Mount) bool { return m.Point == "/" })
	if root < 0 {
		return // it is outside of what it sees
	}
	m := p.Mounts[root]
	if slices.ContainsFunc(here.Mounts, func(h Mount) bool { return h.Point == "/" && h.Device == m.Device && h.Root == m.Root }) {
		ds.add("root of the sandbox", "the node's", "one of its own")
	}
	if !m.ReadOnly {
		ds.add("root of the sandbox", "writable", "read-only")
	}
}
