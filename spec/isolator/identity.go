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
identity: who a process is, where it starts, and its environment.

Owns     process.user, process.cwd, process.env
Rule     User and groups are numbers below 2^31 that the container's user
         namespace maps. At level restricted root is refused, unless a user
         namespace makes it nobody on the node, or the container is a pod's
         sandbox, whose image is the node's. The working folder is absolute,
         without "..", and not below /proc, /sys or /dev; /dev/shm is the
         container's own. The environment: see env.go. Nothing is changed: a
         process of another user, or in another folder, is another workload. An
         exec as the container's own user and in its folder always passes.
Because  IDs beyond 2^31 became root's (CVE-2024-40635), numbers that were no
         numbers were looked up in the image (CVE-2026-46680), and a folder
         below /proc/self/fd was the node's (CVE-2024-21626; attack rows 16, 18,
         20). Pod Security Standards, "Running as Non-root", as of Kubernetes 1.35.
Escape   security.exceptions.runAsRoot for root at level restricted.
*/

var _ = register(Isolator{
	Name:    "identity",
	Owns:    []string{"/spec/process/user", "/spec/process/cwd", "/spec/process/env"},
	Reason:  "a process is who it was asked to be",
	Leq:     identityLeq,
	Rewrite: ownIdentity,
	Exec:    ownExecIdentity,
	Holds:   ownIdentity,
})

func ownIdentity(c *Case, r *Request) error {
	p := r.Spec.Process
	if p == nil {
		return nil
	}
	held := heldProcess(c)
	errs := []error{plainUser(p.User, held.User), plainCwd(p.Cwd, held.Cwd), plainEnv(p.Env)}
	if whose := userNamespace(c.Facts, r); whose != Host {
		errs = append(errs, mappedUser(r))
	} else if !mayBeRoot(c) && p.User.UID == 0 && (c.Created == nil || held.User.UID != 0) {
		errs = append(errs, &Denial{"identity", "process.user.uid", "0", "a user other than root, or a user namespace", "security.exceptions.runAsRoot: true"})
	}
	return errors.Join(errs...)
}

// ownExecIdentity leaves IDs that the user namespace does not map to the
// kernel: setuid(2) refuses them.
func ownExecIdentity(c *Case, p *specs.Process) error {
	return ownIdentity(c, &Request{Spec: &specs.Spec{Process: p}})
}

// heldProcess is what the container was created with; on Create nothing that
// any request has.
func heldProcess(c *Case) specs.Process {
	if c.Created == nil || c.Created.Process == nil {
		return specs.Process{}
	}
	return *c.Created.Process
}

func mayBeRoot(c *Case) bool {
	return c.Policy.Security.Level != tenant.Restricted || c.Policy.Security.Exceptions.RunAsRoot ||
		c.Facts.Engine == CRI && c.Facts.IsSandbox
}

// largestID is what fits an int32, which programs keep IDs in.
const largestID = 1<<31 - 1

// plainUser refuses IDs that are none, but for those that are held.
func plainUser(u, held specs.User) error {
	var errs []error
	if u.UID > largestID && u.UID != held.UID {
		errs = append(errs, idDenial("uid", u.UID))
	}
	if u.GID > largestID && u.GID != held.GID {
		errs = append(errs, idDenial("gid", u.GID))
	}
	beyond := func(id uint32) bool { return id > largestID && !slices.Contains(held.AdditionalGids, id) }
	if i := slices.IndexFunc(u.AdditionalGids, beyond); i >= 0 {
		errs = append(errs, idDenial(fmt.Sprintf("additionalGids[%d]", i), u.AdditionalGids[i]))
	}
	if u.Username != "" && u.Username != held.Username {
		errs = append(errs, &Denial{"identity", "process.user.username", strconv.Quote(u.Username), "none: a user is a number on Linux", Nothing})
	}
	return errors.Join(errs...)
}

func idDenial(field string, id uint32) *Denial {
	return &Denial{"identity", "process.user." + field, strconv.FormatUint(uint64(id), 10), fmt.Sprintf("at most %d", largestID), Nothing}
}

// mappedUser refuses IDs that the mappings of a request leave out. A namespace
// that is joined without mappings has those that it has.
func mappedUser(r *Request) error {
	u := r.Spec.Process.User
	uids, gids := idMappings(r)
	var errs []error
	if unmapped(uids, u.UID) {
		errs = append(errs, unmappedDenial("uid", u.UID))
	}
	if unmapped(gids, u.GID) {
		errs = append(errs, unmappedDenial("gid", u.GID))
	}
	if i := slices.IndexFunc(u.AdditionalGids, func(gid uint32) bool { return unmapped(gids, gid) }); i >= 0 {
		errs = append(errs, unmappedDenial(fmt.Sprintf("additionalGids[%d]", i), u.AdditionalGids[i]))
	}
	return errors.Join(errs...)
}

func unmapped(all []specs.LinuxIDMapping, id uint32) bool {
	maps := func(m specs.LinuxIDMapping) bool { return idsOverlap(id, 1, m.ContainerID, m.Size) }
	return len(all) > 0 && id <= largestID && !slices.ContainsFunc(all, maps)
}

func unmappedDenial(field string, id uint32) *Denial {
	return &Denial{"identity", "process.user." + field, strconv.FormatUint(uint64(id), 10), "an ID that the user namespace maps", Nothing}
}

// plainCwd looks at the path as it is written: what links the image has, the
// delegate finds (runc since 1.1.12). Without one the delegate refuses.
func plainCwd(cwd, held string) error {
	switch {
	case cwd == "" || cwd == held:
		return nil
	case !path.IsAbs(cwd) || slices.Contains(strings.Split(cwd, "/"), "..") || strings.ContainsRune(cwd, 0):
		return &Denial{"identity", "process.cwd", strconv.Quote(cwd), "an absolute path without ..", Nothing}
	}
	clean := path.Clean(cwd)
	if belowOneOf([]string{"/proc", "/sys", "/dev"}, clean) && clean != "/dev/shm" && !belowOneOf([]string{"/dev/shm"}, clean) {
		return &Denial{"identity", "process.cwd", strconv.Quote(cwd), "a folder not below /proc, /sys or /dev", Nothing}
	}
	return nil
}

// identityLeq: users are not ordered, since what one may do is what its
// capabilities and namespaces say. What is no user, folder or environment at
// all is more than what is.
func identityLeq(a, b *Request) bool {
	plain := func(r *Request) bool {
		p := valueOf(r.Spec.Process)
		return errors.Join(plainUser(p.User, specs.User{}), plainCwd(p.Cwd, ""), plainEnv(p.Env)) == nil
	}
	return plain(a) || !plain(b)
}
