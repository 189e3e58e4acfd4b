package isolator

import (
	"errors"
	"slices"
	"strconv"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
userlimits: what the kernel counts by user namespace.

Owns     linux.sysctl, its keys user.*
Rule     A container with a user namespace of its own has no further user
         namespace in it, and of inotify and fanotify at most a quarter of what
         the node's root has (32 instances of the kernel's 128). One that others
         may join, a pod's sandbox or a container of Docker's, has a quarter of
         each other kind of namespace too, since theirs are made below it; what
         runs in it cannot make any without CAP_SYS_ADMIN. Another container of a
         pod has none. A limit that is lower is kept. Without such a namespace
         user.* are another's limits, and are refused.
Because  Whatever ranges of IDs two containers have, the kernel also charges
         root, who made their namespaces: one that takes all of inotify leaves
         none to the others and to the node. And a nested user namespace opens
         kernel code that only root reaches otherwise (CVE-2022-0185,
         CVE-2024-1086; attack rows 27, 29, 49). The limits bind each user of the
         container by itself: one with CAP_SETUID, which baseline has, becomes
         four users and has all of inotify again, but never a namespace. Source:
         kernel/ucount.c, namespaces(7).
Escape   security.level: privileged; with security.exceptions.capabilities:
         [CAP_SYS_ADMIN] a quarter of the node's namespaces too.
*/

var _ = register(Isolator{
	Name:    "userlimits",
	Owns:    []string{"/spec/linux/sysctl/" + userPrefix + "*"},
	Reason:  "the kernel charges the node's root for what a user namespace uses",
	Leq:     userLimitsLeq,
	Rewrite: limitUser,
	Holds:   userLimitsHold,
})

const userPrefix = "user."

// namespaceLimits bound how many namespaces there are below a user namespace.
var namespaceLimits = []string{
	"user.max_user_namespaces", "user.max_pid_namespaces", "user.max_uts_namespaces", "user.max_ipc_namespaces", "user.max_net_namespaces",
	"user.max_mnt_namespaces", "user.max_cgroup_namespaces", "user.max_time_namespaces",
}

// userLimits are all that Linux has. Source: kernel/ucount.c, 6.18.
var userLimits = append([]string{
	"user.max_inotify_instances", "user.max_inotify_watches", "user.max_fanotify_groups", "user.max_fanotify_marks",
}, namespaceLimits...)

// userCeiling is the most that the tenant may have of a limit, and false where
// the node does not have it.
func userCeiling(c *Case, key string) (int64, bool) {
	// The delegate makes the namespaces of those that join it in its own: of a
	// pod's containers, or by --network container:X of Docker with userns-remap.
	forOthers := (c.Facts.IsSandbox || c.Facts.Engine != CRI) && key != "user.max_user_namespaces"
	if slices.Contains(namespaceLimits, key) && !forOthers && !mayHave(c, "CAP_SYS_ADMIN") {
		return 0, true
	}
	of, ok := c.Facts.UserLimits[key]
	return of / 4, ok
}

// userSysctlsSince is the first runc that writes them.
const userSysctlsSince = "1.4.0-rc.2"

// writesUserLimits reports whether the delegate can. Others refuse such a spec:
// runc before 1.4, and crun.
func writesUserLimits(c *Case) bool {
	v, ok := parseVersion(c.Facts.Delegate.RuncVersion)
	since, _ := parseVersion(userSysctlsSince)
	return ok && v.compare(since) >= 0
}

func limitUser(c *Case, r *Request) error {
	var errs []error
	for _, key := range userKeys(r) {
		d := userLimitDenial(c, r, key)
		switch {
		case d == nil:
		case c.Policy.Security.OnExcess == tenant.Narrow && mayRemove(c, r):
			delete(sysctlsOf(r), key)
		default:
			errs = append(errs, d)
		}
	}
	if c.Policy.Security.Level == tenant.Privileged || userNamespace(c.Facts, r) != Own {
		return errors.Join(errs...)
	}
	l := r.linux()
	for _, key := range userLimits {
		ceiling, ok := userCeiling(c, key)
		asked, set := userLimit(r, key)
		if ok && (set && asked > ceiling || !set && mustBeSet(c, key)) {
			if l.Sysctl == nil {
				l.Sysctl = map[string]string{}
			}
			l.Sysctl[key] = strconv.FormatInt(ceiling, 10)
		}
	}
	return errors.Join(errs...)
}

// mustBeSet: kernels differ in what they count; what is not there cannot be
// written, and would fail the container.
func mustBeSet(c *Case, key string) bool {
	_, has := c.Facts.UserLimits[key]
	return has && writesUserLimits(c)
}

func userLimitsHold(c *Case, r *Request) error {
	for _, key := range userKeys(r) {
		if d := userLimitDenial(c, r, key); d != nil {
			return d
		}
	}
	if c.Policy.Security.Level == tenant.Privileged || userNamespace(c.Facts, r) != Own {
		return nil
	}
	for _, key := range userLimits {
		ceiling, ok := userCeiling(c, key)
		got, set := userLimit(r, key)
		if ok && (set && got > ceiling || !set && mustBeSet(c, key)) {
			return &Denial{"userlimits", "linux.sysctl[" + key + "]", strconv.Quote(sysctlsOf(r)[key]),
				"at most " + strconv.FormatInt(ceiling, 10), "security.level: privileged"}
		}
	}
	return nil
}
