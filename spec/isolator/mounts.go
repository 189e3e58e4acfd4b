package isolator

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
mounts: what of the node and of the kernel a container sees as files.

Owns     mounts, linux.rootfsPropagation
Rule     proc, sysfs, cgroup, mqueue and devpts only at their own places and
         tmpfs outside of them, each with the options of its type: sysfs and
         cgroup read-only, no set-user-ID program and no device in a tmpfs, a
         limit of pseudo terminals, and the one at /dev/shm at most as large as
         the policy says; what an engine has mounted for it before has the size
         that it was given, within the container's memory. A bind mount shows what the engine made for this container, a
         volume of its tenant, a listed path, or a mount of a listed CDI device;
         anything else is refused. A path that is listed read-only is made so
         with all below it. No mount is shared with the node. A mount is never
         removed, not under Narrow either: a database that loses its volume
         silently loses its data.
Because  A bind mount reaches past every namespace (invariant I7). A writable
         cgroup tree lifts the container's limits (attack row 28), a mount at a
         place that delegates work with misleads them (CVE-2019-19921,
         CVE-2025-31133, CVE-2025-52565; attack rows 22, 23), and pseudo
         terminals are counted for the whole node (attacks.md, 2.4).
Escape   security.exceptions.hostPaths, security.exceptions.cdiDevices,
         security.level: privileged for paths that are no other tenant's volume,
         writable sysfs and cgroup, and shared mounts; NodePolicy.engineRoots.
*/

var _ = register(Isolator{
	Name:    "mounts",
	Owns:    []string{"/spec/mounts", "/spec/linux/rootfsPropagation"},
	Reason:  "each mount has the restraints of its type",
	Leq:     mountsLeq,
	Rewrite: restrainMounts,
	Holds:   mountsHold,
})

func restrainMounts(c *Case, r *Request) error {
	s := mountScopeOf(c, c.Asked)
	var errs []error
	for i := range r.Spec.Mounts {
		errs = append(errs, s.restrain(&r.Spec.Mounts[i]))
	}
	if r.Spec.Linux != nil {
		var err error
		r.Spec.Linux.RootfsPropagation, err = s.propagation(r.Spec.Linux.RootfsPropagation)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func mountsHold(c *Case, r *Request) error {
	s := mountScopeOf(c, r)
	for _, m := range r.Spec.Mounts {
		restrained := m
		restrained.Options = slices.Clone(m.Options)
		if err := s.restrain(&restrained); err != nil {
			return err
		}
		if !slices.Equal(m.Options, restrained.Options) {
			return mountDenial(m, "options", strings.Join(m.Options, ","), strings.Join(restrained.Options, ","), Nothing)
		}
	}
	p := valueOf(r.Spec.Linux).RootfsPropagation
	want, err := s.propagation(p)
	if err == nil && p != want {
		return propagationDenial(p, "security.level: privileged")
	}
	return err
}

// restrain decides one mount. It changes nothing but its options.
func (s mountScope) restrain(m *specs.Mount) error {
	if s.isOfCDI(*m) {
		return nil
	}
	err := s.inside(*m)
	if isBind(*m) {
		return errors.Join(err, s.restrainBind(m))
	}
	return errors.Join(err, s.restrainType(m))
}

// propagation narrows how the container's root shares mounts with the node.
// Neither value that is left gives it what is mounted inside; absent is one of
// them, whatever the delegate (runc 1.5 takes rslave, crun 1.29 rprivate).
func (s mountScope) propagation(asked string) (string, error) {
	switch asked {
	case "", "private", "rprivate", "slave", "rslave":
		return asked, nil
	case "shared", "rshared":
		if s.privileged {
			return asked, nil
		}
		return "rprivate", nil
	}
	return asked, propagationDenial(asked, Nothing)
}

func propagationDenial(got, allow string) error {
	return &Denial{"mounts", "linux.rootfsPropagation", strconv.Quote(got), "private, slave or none", allow}
}

// isBind reports a bind mount as delegates understand one: by its type or by an
// option (runc 1.1 to 1.5, libcontainer/specconv; crun 1.8, linux.c).
func isBind(m specs.Mount) bool {
	return m.Type == "bind" || slices.Contains(m.Options, "bind") || slices.Contains(m.Options, "rbind")
}

func mountDenial(m specs.Mount, field, got, want, allow string) *Denial {
	return &Denial{"mounts", fmt.Sprintf("mounts[%q].%s", m.Destination, field), strconv.Quote(got), want, allow}
}

// A mountScope is what the mounts of one container are judged by.
type mountScope struct {
	*Case
	asked      *Request // its namespaces, ID mappings and root; of a running container, what it has
	store      string   // the folder of the engine that mounted its root: Docker, Podman, Buildah
	privileged bool
}

func mountScopeOf(c *Case, r *Request) mountScope {
	root := valueOf(r.Spec.Root).Path
	return mountScope{c, r, storeOf(c, root), c.Policy.Security.Level == tenant.Privileged}
}

// onNode reports a destination that begins with the container's root as the
// node sees it. Delegates take that off, so that it is another place than it
// seems (runc 1.5.2, internal/pathrs, LexicallyStripRoot).
func (s mountScope) onNode(destination string) bool {
	roots := []string{path.Join(s.Facts.Bundle, "rootfs")}
	if p := valueOf(s.asked.Spec.Root).Path; path.IsAbs(p) && path.Clean(p) != "/" {
		roots = append(roots, p)
	}
	return belowOneOf(roots, path.Join(destination, "x"))
}
