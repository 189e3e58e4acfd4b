package isolator

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
sysctl: parameters of the kernel.

Owns     linux.sysctl, except user.*
Rule     Dotted names of parameters that a namespace has for itself, where that
         namespace is not the node's: the safe ones of the Pod Security
         Standards, the domain name and the tenant's exceptions; at level
         privileged any of them. A value is letters, digits, blanks and "._,-".
Because  Every other parameter is the whole node's: kernel.core_pattern names a
         program that the kernel runs as root. A '+' in a value became a second
         parameter (cr8escape, CVE-2022-0811; attack row 38). Of '/' and ".." in
         a name each delegate makes something else, and crun 1.29 asks only
         whether a namespace is named, not whose it is.
Escape   security.exceptions.sysctls; onExcess: Narrow removes instead of
         refusing.
*/

var _ = register(Isolator{
	Name:    "sysctl",
	Owns:    []string{"/spec/linux/sysctl"},
	Reason:  "not among the parameters that the tenant may set",
	Leq:     sysctlsLeq,
	Rewrite: ownSysctls,
	Holds:   sysctlsHold,
})

// domainSysctl is how Docker sets --domainname (moby, daemon/oci_linux.go). It
// does what spec.domainname does.
const domainSysctl = "kernel.domainname"

// safeSysctls are those of the Pod Security Standards at every level. Source:
// k8s.io/pod-security-admission v0.37.2, policy/check_sysctls.go.
var safeSysctls = []string{
	"kernel.shm_rmid_forced",
	"net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range",
	"net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time",
	"net.ipv4.tcp_notsent_lowat", "net.ipv4.tcp_rmem", "net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem",
}

// ipcSysctls are those of an IPC namespace beside fs.mqueue. Source: runc
// 1.5.2, libcontainer/configs/validate, sysctl.
var ipcSysctls = []string{
	"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
	"kernel.shm_rmid_forced", "kernel.shmall", "kernel.shmmax", "kernel.shmmni",
}

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
)

// SysctlNamespace returns the type of namespace that has a parameter for
// itself, and false for one that is the node's or no dotted name.
func SysctlNamespace(name string) (specs.LinuxNamespaceType, bool) {
	for part := range strings.SplitSeq(name, ".") {
		if !consistsOf(part, letters+digits+"_-") {
			return "", false
		}
	}
	switch {
	case strings.HasPrefix(name, "net."):
		return specs.NetworkNamespace, true
	case strings.HasPrefix(name, "fs.mqueue.") || slices.Contains(ipcSysctls, name):
		return specs.IPCNamespace, true
	}
	return specs.UTSNamespace, name == domainSysctl
}

func ownSysctls(c *Case, r *Request) error {
	if r.Spec.Linux == nil {
		return nil
	}
	all := r.Spec.Linux.Sysctl
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(all)) {
		denial := sysctlDenial(c, c.Asked, name, all[name])
		if denial == nil {
			continue
		}
		if c.Policy.Security.OnExcess != tenant.Narrow {
			errs = append(errs, denial)
			continue
		}
		delete(all, name)
	}
	return errors.Join(errs...)
}

// sysctlDenial says why a request may not set a parameter, nil if it may.
func sysctlDenial(c *Case, r *Request, name, value string) *Denial {
	d := &Denial{"sysctl", fmt.Sprintf("linux.sysctl[%q]", name), strconv.Quote(value), "", Nothing}
	kind, ok := SysctlNamespace(name)
	switch {
	case strings.HasPrefix(name, userPrefix):
		return nil
	case !ok:
		d.Want = "one that a container has for itself, by its dotted name"
	case !consistsOf(value, letters+digits+"._,- \t"):
		d.Want = `letters, digits, blanks and "._,-"`
	case sharesHost(c, r, kind):
		d.Want = fmt.Sprintf("none in the node's %s namespace", kind)
	case !maySet(c, name):
		d.Want = fmt.Sprintf("one that level %s gives", c.Policy.Security.Level)
		d.Allow = fmt.Sprintf("security.exceptions.sysctls: [%s]", name)
	default:
		return nil
	}
	return d
}

// sharesHost reports whether a request asks for the node's namespace of a type.
// That it would get its own instead does not matter here: a wider tenant that
// gets what it asks for must not be refused what this one may set.
func sharesHost(c *Case, r *Request, t specs.LinuxNamespaceType) bool {
	ns := findNamespace(r, t)
	return ns == nil || c.Facts.Namespaces[ns.Path].Host
}

func maySet(c *Case, name string) bool {
	s := c.Policy.Security
	return s.Level == tenant.Privileged || name == domainSysctl || slices.Contains(safeSysctls, name) || slices.Contains(s.Exceptions.Sysctls, name)
}

func sysctlsHold(c *Case, r *Request) error {
	all := valueOf(r.Spec.Linux).Sysctl
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if denial := sysctlDenial(c, r, name, all[name]); denial != nil {
			return denial
		}
	}
	return nil
}

// sysctlsLeq: none that the other does not set to the same.
func sysctlsLeq(a, b *Request) bool {
	y := valueOf(b.Spec.Linux).Sysctl
	for name, value := range valueOf(a.Spec.Linux).Sysctl {
		if other, ok := y[name]; !strings.HasPrefix(name, userPrefix) && (!ok || other != value) {
			return false
		}
	}
	return true
}
