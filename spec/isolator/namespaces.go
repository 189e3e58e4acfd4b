package isolator

import (
	"errors"
	"fmt"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

/*
namespaces: what the container shares with others.

Owns     linux.namespaces, hostname, domainname
Rule     Own pid, ipc, uts, network, mount and cgroup namespaces. A path is
         accepted when it leads to a living container of the same tenant. The
         host's is refused; a missing cgroup namespace is added.
Because  A process that sees the host's or a neighbour's namespace reads, kills
         or answers in its place (attack rows 11, 14, 26, 28, 41).
Escape   security.exceptions.hostNamespaces: Network (with UTS), PID, IPC.
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

func mayJoin(c *Case, t specs.LinuxNamespaceType, path string) error {
	ref := c.Facts.Namespaces[path]
	switch {
	case ref.Type == t && ref.Owner != nil && ref.Owner.Tenant == c.Policy.Name:
		return nil
	case ref.Type == t && ref.Owner == nil && c.Facts.IsSandbox && c.Facts.Engine == CRI:
		return nil // prepared by the engine for this sandbox; nobody lives in it
	}
	return &Denial{"namespaces", fmt.Sprintf("linux.namespaces[%s].path", t), "a namespace that is not this tenant's",
		"a new one, or that of a running container of the same tenant", Nothing}
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
		case ns == nil || c.Facts.Namespaces[ns.Path].Host:
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
