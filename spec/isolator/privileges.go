package isolator

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
privileges: what a program may gain, and the labels of Linux security modules.

Owns     process.noNewPrivileges, process.apparmorProfile, process.selinuxLabel,
         linux.mountLabel
Rule     noNewPrivileges is forced at level restricted. The tenant's AppArmor
         profile replaces the engine's; without one, "unconfined" is refused
         below level privileged, as is no profile where a pod's engine would
         have set its own. SELinux labels have the user, the role and a type of
         containers. A further process has what its container has.
Because  An exec brings its own values for all of these (attack row 7), and a
         label names the rules that confine the container. Pod Security
         Standards, "AppArmor" and "SELinux".
Escape   security.level: privileged.
*/

var _ = register(Isolator{
	Name:    "privileges",
	Owns:    []string{"/spec/process/noNewPrivileges", "/spec/process/apparmorProfile", "/spec/process/selinuxLabel", "/spec/linux/mountLabel"},
	Reason:  "as the tenant's level and the container have it",
	Leq:     privilegesLeq,
	Rewrite: levelPrivileges,
	Exec:    containerPrivileges,
	Holds:   privilegesHold,
})

const unconfined = "unconfined"

// Types of SELinux that confine a container's processes (Pod Security
// Standards, "SELinux") and its files (container-selinux 2.2).
var (
	processTypes = []string{"container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
	fileTypes    = []string{"container_file_t", "container_ro_file_t"}
)

// Users and roles of both.
const (
	processUser = "system_u:system_r"
	fileUser    = "system_u:object_r"
)

func levelPrivileges(c *Case, r *Request) error {
	if p := r.Spec.Process; p != nil {
		p.NoNewPrivileges = p.NoNewPrivileges || mustNotGain(c)
		if c.Policy.Security.AppArmorProfile != "" {
			p.ApparmorProfile = c.Policy.Security.AppArmorProfile
		}
	}
	return confinedLabels(c, r)
}

func confinedLabels(c *Case, r *Request) error {
	if c.Policy.Security.Level == tenant.Privileged {
		return nil
	}
	var errs []error
	deny := func(path, got, want string) {
		errs = append(errs, &Denial{"privileges", path, got, want, "security.level: privileged"})
	}
	if p := r.Spec.Process; p != nil {
		if isUnconfined(c, p.ApparmorProfile) {
			deny("process.apparmorProfile", unconfined, "a profile")
		}
		if got, want := otherLabel(p.SelinuxLabel, processUser, processTypes); got != "" {
			deny("process.selinuxLabel", got, want)
		}
	}
	if l := r.Spec.Linux; l != nil {
		if got, want := otherLabel(l.MountLabel, fileUser, fileTypes); got != "" {
			deny("linux.mountLabel", got, want)
		}
	}
	return errors.Join(errs...)
}

// isUnconfined reports a process that was asked to have no profile. containerd's
// CRI plugin says so by none: on a node with AppArmor it gives its own to every
// container that asks for nothing, and none to sandboxes (containerd 2.4.2,
// internal/cri/sputil).
func isUnconfined(c *Case, profile string) bool {
	return profile == unconfined || profile == "" && c.Facts.Node.AppArmor && c.Facts.Engine == CRI && !c.Facts.IsSandbox
}

// otherLabel says what a label has and what it should have, nothing for none
// and for one of containers.
func otherLabel(label, user string, types []string) (got, want string) {
	switch t := labelType(label); {
	case label == "":
		return "", ""
	case !slices.Contains(types, t):
		return "of type " + strconv.Quote(t), "of type " + strings.Join(types, ", ")
	case !strings.HasPrefix(label, user+":"):
		return "of another user or role", user
	}
	return "", ""
}

// containerPrivileges gives a further process what its container has. Where
// that confines nothing, the process's own counts. A profile that the tenant
// got meanwhile is for new containers: where it is not loaded, no probe of a
// running one would start.
func containerPrivileges(c *Case, p *specs.Process) error {
	created := c.Created.Process
	p.NoNewPrivileges = p.NoNewPrivileges || created.NoNewPrivileges || mustNotGain(c)
	if confinedByAppArmor(created.ApparmorProfile) || !confinedByAppArmor(p.ApparmorProfile) {
		p.ApparmorProfile = created.ApparmorProfile
	}
	if confinedBySELinux(created.SelinuxLabel) || !confinedBySELinux(p.SelinuxLabel) {
		p.SelinuxLabel = created.SelinuxLabel
	}
	return nil
}

func privilegesHold(c *Case, r *Request) error {
	if p := r.Spec.Process; p != nil {
		if mustNotGain(c) && !p.NoNewPrivileges {
			return &Denial{"privileges", "process.noNewPrivileges", "false", "true", "security.level: baseline"}
		}
		if want := c.Policy.Security.AppArmorProfile; want != "" && p.ApparmorProfile != want {
			return &Denial{"privileges", "process.apparmorProfile", p.ApparmorProfile, want, "security.appArmorProfile"}
		}
	}
	return confinedLabels(c, r)
}

func mustNotGain(c *Case) bool { return c.Policy.Security.Level == tenant.Restricted }

// confinedByAppArmor: without a profile a process has that of the shim.
func confinedByAppArmor(profile string) bool { return profile != "" && profile != unconfined }

func confinedBySELinux(label string) bool { return labelled(label, processUser, processTypes) }

// labelled reports a label of containers.
func labelled(label, user string, types []string) bool {
	other, _ := otherLabel(label, user, types)
	return label != "" && other == ""
}

// labelType returns the type of "user:role:type:level".
func labelType(label string) string {
	parts := strings.SplitN(label, ":", 4)
	if len(parts) < 3 {
		return ""
	}
	return parts[2]
}

// privilegesLeq: confined is below unconfined. Which of two profiles or types
// confines more is the operator's knowledge, not ours: they count as equal.
func privilegesLeq(a, b *Request) bool {
	x, y := valueOf(a.Spec.Process), valueOf(b.Spec.Process)
	m, n := valueOf(a.Spec.Linux).MountLabel, valueOf(b.Spec.Linux).MountLabel
	within := func(x, y bool) bool { return x || !y }
	return within(x.NoNewPrivileges, y.NoNewPrivileges) &&
		within(confinedByAppArmor(x.ApparmorProfile), confinedByAppArmor(y.ApparmorProfile)) &&
		within(confinedBySELinux(x.SelinuxLabel), confinedBySELinux(y.SelinuxLabel)) &&
		within(labelled(m, fileUser, fileTypes), labelled(n, fileUser, fileTypes))
}
