package isolator

import (
	"errors"
	"fmt"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
userns: which of the node's user and group IDs a container has.

Owns     linux.uidMappings, linux.gidMappings
Rule     Mappings come with a user namespace, and one of the container's own
         with mappings. They are what a kernel accepts, do not map the node's
         root, and have no ID that a living container of another tenant has.
         userNamespace Required refuses a container that has none, Never one
         that has one. No mapping is ever changed: it would give the files of
         the container's volumes to others.
Because  A process that leaves its container is then nobody on the node, and
         nobody to the files of other tenants (invariant I5, attack row 17; what
         runc's advisories of CVE-2025-31133, -52565 and -52881 recommend). The
         bounds are those of user_namespaces(7).
Escape   security.level: privileged for all but IDs of others and userNamespace;
         security.userNamespace: Preferred.
*/

var _ = register(Isolator{
	Name:    "userns",
	Owns:    []string{"/spec/linux/uidMappings", "/spec/linux/gidMappings"},
	Reason:  "a tenant's IDs are its own",
	Leq:     mappingsLeq,
	Rewrite: ownIDs,
	Holds:   ownIDs,
})

// userNamespace says whose user namespace a request has. A pod's sandbox may
// bring one that its engine made for it.
func userNamespace(f Facts, r *Request) Sharing {
	ns := findNamespace(r, specs.UserNamespace)
	if ns == nil {
		return Host
	}
	switch ref := f.Namespaces[ns.Path]; {
	case ns.Path == "":
		return Own
	case isHosts(f, *ns):
		return Host
	case ref.Owner == nil && f.Engine == CRI && f.IsSandbox:
		return Own
	}
	return Join
}

func ownIDs(c *Case, r *Request) error {
	whose := userNamespace(c.Facts, r)
	uids, gids := idMappings(r)
	errs := []error{wantedNamespace(c.Policy.Security.UserNamespace, whose)}
	if c.Policy.Security.Level != tenant.Privileged {
		errs = append(errs, soundMappings("linux.uidMappings", uids, whose), soundMappings("linux.gidMappings", gids, whose))
	}
	errs = append(errs,
		ofNobodyElse("linux.uidMappings", uids, c.Facts.ForeignIDs.UIDs),
		ofNobodyElse("linux.gidMappings", gids, c.Facts.ForeignIDs.GIDs))
	return errors.Join(errs...)
}

func idMappings(r *Request) (uids, gids []specs.LinuxIDMapping) {
	if r.Spec.Linux == nil {
		return nil, nil
	}
	return r.Spec.Linux.UIDMappings, r.Spec.Linux.GIDMappings
}

func wantedNamespace(wanted tenant.UserNamespace, whose Sharing) error {
	d := &Denial{Isolator: "userns", Path: "linux.namespaces", Allow: "security.userNamespace: Preferred"}
	switch {
	case wanted == tenant.Required && whose == Host:
		d.Got, d.Want = "without a user namespace", "one (Docker: userns-remap in daemon.json; Kubernetes: hostUsers: false; ctr: --uidmap and --gidmap)"
	case wanted == tenant.Never && whose != Host:
		d.Got, d.Want = "with a user namespace", "none"
	default:
		return nil
	}
	return d
}

// mostMappings is how many a kernel takes (UID_GID_MAP_MAX_EXTENTS, since 4.15).
const mostMappings = 340

// soundMappings finds the first mapping that a kernel would refuse, or that
// would give away the node's root.
func soundMappings(path string, all []specs.LinuxIDMapping, whose Sharing) error {
	const ranges = "ranges of the node's IDs without 0, its root's"
	switch {
	case whose == Host && len(all) > 0:
		return &Denial{"userns", path, "set", "none without a user namespace", Nothing}
	case whose == Own && len(all) == 0:
		return &Denial{"userns", path, "absent", ranges, Nothing}
	case len(all) > mostMappings:
		return &Denial{"userns", path, fmt.Sprintf("%d ranges", len(all)), fmt.Sprintf("at most %d", mostMappings), Nothing}
	}
	for i, m := range all {
		// The last ID, 2^32-1, stands for "no ID".
		if m.Size == 0 || m.ContainerID+m.Size < m.ContainerID || m.HostID+m.Size < m.HostID {
			return &Denial{"userns", path, describedIDs(m), "a range of IDs from 0 to 4294967294", Nothing}
		}
		if m.HostID == 0 {
			return &Denial{"userns", path, describedIDs(m), ranges, "security.level: privileged"}
		}
		for _, n := range all[:i] {
			if idsOverlap(m.HostID, m.Size, n.HostID, n.Size) || idsOverlap(m.ContainerID, m.Size, n.ContainerID, n.Size) {
				return &Denial{"userns", path, describedIDs(n) + " and " + describedIDs(m), "ranges that do not overlap", Nothing}
			}
		}
	}
	return nil
}

// ofNobodyElse does not say whose the IDs are: tenants do not know each other.
func ofNobodyElse(path string, all []specs.LinuxIDMapping, foreign []IDRange) error {
	for _, m := range all {
		for _, f := range foreign {
			if idsOverlap(m.HostID, m.Size, f.First, f.Size) {
				return &Denial{"userns", path, describedIDs(m) + ", of which a running container of another tenant has some",
					"IDs of the tenant's own (all containers of one Docker daemon with userns-remap have the same)", Nothing}
			}
		}
	}
	return nil
}

// idsOverlap reports whether two ranges of IDs have one in common.
func idsOverlap(a, sizeA, b, sizeB uint32) bool {
	return uint64(a) < uint64(b)+uint64(sizeB) && uint64(b) < uint64(a)+uint64(sizeA)
}

// describedIDs is a mapping as /proc/<pid>/uid_map would have it, in words.
func describedIDs(m specs.LinuxIDMapping) string {
	return fmt.Sprintf("%d IDs from %d as the node's from %d", m.Size, m.ContainerID, m.HostID)
}

// mappingsLeq: the same IDs. Whether there is a user namespace at all is for
// the isolator of namespaces to compare.
func mappingsLeq(a, b *Request) bool {
	x, xg := idMappings(a)
	y, yg := idMappings(b)
	return slices.Equal(x, y) && slices.Equal(xg, yg)
}
