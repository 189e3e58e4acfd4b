package isolator

import (
	"fmt"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Shape is what the container will be, decided once before any isolator, so
// that isolators which depend on the same question give the same answer.
type Shape struct {
	Namespaces map[specs.LinuxNamespaceType]Sharing
	Cgroup     string // linux.cgroupsPath to write
}

// Sharing says whose namespace a container has.
type Sharing string

const (
	Own  Sharing = "own"  // a new one
	Join Sharing = "join" // another container's
	Host Sharing = "host" // the node's
)

// hostException maps a namespace to the value of security.exceptions.hostNamespaces
// that permits the node's own. UTS goes with the network, as Kubernetes has it.
var hostException = map[specs.LinuxNamespaceType]string{
	specs.NetworkNamespace: "Network",
	specs.UTSNamespace:     "Network",
	specs.PIDNamespace:     "PID",
	specs.IPCNamespace:     "IPC",
}

func shapeOf(p *tenant.Policy, f Facts, asked *Request) Shape {
	s := Shape{Namespaces: map[specs.LinuxNamespaceType]Sharing{}, Cgroup: cgroupPath(f, asked)}
	for _, t := range namespaceTypes {
		s.Namespaces[t] = sharing(p, f, asked, t)
	}
	return s
}

func sharing(p *tenant.Policy, f Facts, asked *Request, t specs.LinuxNamespaceType) Sharing {
	got := Host
	if ns := findNamespace(asked, t); ns != nil {
		switch {
		case ns.Path == "":
			got = Own
		case isHosts(f, *ns):
			got = Host
		default:
			got = Join
		}
	}
	if got != Host {
		return got
	}
	switch {
	case t == specs.CgroupNamespace:
		return Own // restraint that no workload notices; the engines' default spec has none
	case p.Security.OnExcess == tenant.Narrow && hostException[t] != "" && !mayShareHost(p, t),
		p.Security.OnExcess == tenant.Narrow && t == specs.UTSNamespace && isNamed(asked):
		return Own
	}
	return Host
}

// isHosts reports whether a namespace is the node's own, named by a path.
func isHosts(f Facts, ns specs.LinuxNamespace) bool {
	ref := f.Namespaces[ns.Path]
	return ref.Host && ref.Type == ns.Type
}

// isNamed reports whether the request sets a host name, which delegates refuse
// to do to the node.
func isNamed(r *Request) bool { return r.Spec.Hostname+r.Spec.Domainname != "" }

// mayShareHost reports whether the tenant may have the node's namespace of a type.
func mayShareHost(p *tenant.Policy, t specs.LinuxNamespaceType) bool {
	switch t {
	case specs.UserNamespace, specs.TimeNamespace:
		return true // none of its own: no more rights than any process of the node
	case specs.MountNamespace, specs.CgroupNamespace:
		return false
	}
	return p.Security.Level == tenant.Privileged ||
		slices.Contains(p.Security.Exceptions.HostNamespaces, hostException[t])
}

// cgroupPath computes the container's cgroup: a folder of the tenant's, or a
// scope in its slice ("slice:prefix:name", runc's docs/systemd.md). A pod's
// container stays in the kubelet's pod cgroup, which accounts, limits and
// destroys by it.
func cgroupPath(f Facts, asked *Request) string {
	switch {
	case f.Engine == CRI && asked.Spec.Linux == nil:
		return ""
	case f.Engine == CRI:
		return asked.Spec.Linux.CgroupsPath
	case strings.HasSuffix(f.TenantCgroup, ".slice"):
		return fmt.Sprintf("%s:bulkhead_%s:%s", f.TenantCgroup, f.Namespace, f.ContainerID)
	}
	return fmt.Sprintf("%s/%s.%s.c", f.TenantCgroup, f.Namespace, f.ContainerID)
}

// findNamespace returns the request's namespace of a type, nil if it has none.
func findNamespace(r *Request, t specs.LinuxNamespaceType) *specs.LinuxNamespace {
	if r.Spec.Linux == nil {
		return nil
	}
	for i, ns := range r.Spec.Linux.Namespaces {
		if ns.Type == t {
			return &r.Spec.Linux.Namespaces[i]
		}
	}
	return nil
}
