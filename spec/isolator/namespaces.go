package isolator

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

/*
namespaces: what the container shares with others.

Owns     linux.namespaces, hostname, domainname
Rule     Own pid, ipc, uts, network, mount and cgroup namespaces. A path is
         accepted, whatever it is called, when it leads to one of a living
         container of the same tenant. A pod's sandbox may also bring one that
         nobody has, in a folder where its engine keeps what it makes for
         sandboxes, and a container of Podman's a network. The host's is refused, also by a path; a missing cgroup
         namespace is added. A mount namespace is never joined.
Because  A process that sees the host's or a neighbour's namespace reads, kills
         or answers in its place (attack rows 11, 14, 26, 28, 41). In a mount
         namespace that it is told to join runc prepares the root file system
         with all rights of the host's root, by paths that the workload there
         has arranged (runc 1.1 to 1.5, libcontainer, prepareRootfs).
Escape   security.exceptions.hostNamespaces: Network (with UTS), PID, IPC;
         NodePolicy.engineRoots.
*/

var _ = register(Isolator{
	Name:    "namespaces",
	Owns:    []string{"/spec/linux/namespaces", "/spec/hostname", "/spec/domainname"},
	Reason:  "a tenant has namespaces of its own",
	Leq:     namespacesLeq,
	Rewrite: ownNamespaces,
	Holds:   namespacesHold,
})

// namespaceTypes are all namespaces of runtime-spec, in the order of its config-linux.md.
var namespaceTypes = []specs.LinuxNamespaceType{
	specs.PIDNamespace, specs.NetworkNamespace, specs.MountNamespace, specs.IPCNamespace,
	specs.UTSNamespace, specs.UserNamespace, specs.CgroupNamespace, specs.TimeNamespace,
}

func ownNamespaces(c *Case, r *Request) error {
	var errs []error
	for _, t := range namespaceTypes {
		asked := findNamespace(c.Asked, t)
		switch c.Shape.Namespaces[t] {
		case Own:
			setNamespace(r, specs.LinuxNamespace{Type: t})
		case Join:
			errs = append(errs, mayJoin(c, t, asked.Path))
		case Host:
			if !mayShareHost(c.Policy, t) {
				errs = append(errs, hostDenial(t))
			}
		}
	}
	errs = append(errs, noDuplicates(c.Asked))
	if c.Shape.Namespaces[specs.UTSNamespace] == Host && isNamed(r) {
		errs = append(errs, &Denial{"namespaces", "hostname", "set", "none without an own uts namespace", Nothing})
	}
	return errors.Join(errs...)
}

func mayJoin(c *Case, t specs.LinuxNamespaceType, at string) error {
	ref := c.Facts.Namespaces[at]
	d := &Denial{"namespaces", fmt.Sprintf("linux.namespaces[%s].path", t), "a namespace that is not this tenant's",
		"a new one, or that of a running container of the same tenant", Nothing}
	switch {
	case t == specs.MountNamespace:
		d.Got, d.Want = "set", "a new one"
	case ref.Type != t, ref.Host:
	case ref.Owner != nil && ref.Owner.Tenant == c.Policy.Name && !ref.Owner.Unmade:
		return nil
	case ref.Owner != nil || !ref.Mounted || !madeForSandbox(c, at) && !madeByPodman(c, t):
	case slices.Contains(netnsFolders, path.Dir(at)) || c.Facts.Engine == CRI && belowOneOf(c.Node.EngineRoots, at):
		return nil
	default:
		d.Got, d.Want, d.Allow = "in no folder of the engine", "one in "+netnsFolders[0]+", or below a folder of the engine", "NodePolicy.engineRoots"
	}
	return d
}

// netnsFolders are where ip-netns(8) and the CRI plugin keep network namespaces.
var netnsFolders = []string{"/run/netns", "/var/run/netns"}

// madeForSandbox reports whether the container is a pod's sandbox and the path
// has the form of those where its engine mounts a namespace for it. Source:
// containerd 2.4.2, internal/cri/server: sandbox_run.go (a folder "netns", also
// in its state folder), podsandbox/helpers_linux.go ("sandboxes/<id>/pinned-namespaces").
func madeForSandbox(c *Case, p string) bool {
	return c.Facts.Engine == CRI && c.Facts.IsSandbox && path.Clean(p) == p &&
		(path.Base(path.Dir(p)) == "netns" || slices.Contains(strings.Split(p, "/"), c.Facts.ContainerID))
}

// madeByPodman reports a network that Podman may have made for the container
// (4 and 5, libpod/networking_linux.go).
func madeByPodman(c *Case, t specs.LinuxNamespaceType) bool {
	return c.Facts.Engine == Podman && t == specs.NetworkNamespace
}

func hostDenial(t specs.LinuxNamespaceType) error {
	d := &Denial{"namespaces", fmt.Sprintf("linux.namespaces[%s]", t), "the host's", "an own one", Nothing}
	if e := hostException[t]; e != "" {
		d.Allow = fmt.Sprintf("security.exceptions.hostNamespaces: [%s]", e)
	}
	return d
}

func noDuplicates(r *Request) error {
	if r.Spec.Linux == nil {
		return nil
	}
	var seen []specs.LinuxNamespaceType
	for _, ns := range r.Spec.Linux.Namespaces {
		if !slices.Contains(namespaceTypes, ns.Type) || slices.Contains(seen, ns.Type) {
			return &Denial{"namespaces", "linux.namespaces", fmt.Sprintf("%q, unknown or twice", ns.Type), "each known type at most once", Nothing}
		}
		seen = append(seen, ns.Type)
	}
	return nil
}

func setNamespace(r *Request, ns specs.LinuxNamespace) {
	if old := findNamespace(r, ns.Type); old != nil {
		*old = ns
		return
	}
	l := r.linux()
	l.Namespaces = append(l.Namespaces, ns)
}

func namespacesHold(c *Case, r *Request) error {
	for _, t := range namespaceTypes {
		ns := findNamespace(r, t)
		switch {
		case ns == nil || isHosts(c.Facts, *ns):
			if !mayShareHost(c.Policy, t) {
				return hostDenial(t)
			}
		case ns.Path != "":
			if err := mayJoin(c, t, ns.Path); err != nil {
				return err
			}
		}
	}
	return nil
}

// namespacesLeq: own < join < host. Two joins compare only when equal.
func namespacesLeq(a, b *Request) bool {
	for _, t := range namespaceTypes {
		x, y := findNamespace(a, t), findNamespace(b, t)
		ok := y == nil || x != nil && (x.Path == "" || x.Path == y.Path)
		if !ok {
			return false
		}
	}
	return true
}
