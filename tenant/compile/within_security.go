package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// levels are the Pod Security Standards, the strictest first.
var levels = []tenant.Level{tenant.Restricted, tenant.Baseline, tenant.Privileged}

// withinSecurity refuses rights that the parent does not have.
func (k *compiler) withinSecurity(o *Object, p, q *tenant.Policy) {
	parent := k.parents[o].Name()
	if p.Enforcement == tenant.Audit && q.Enforcement == tenant.Enforce {
		k.exceeds(o, "spec.enforcement", "is Audit, which bounds nothing, and its parent "+parent+" is Enforce; remove it or set the parent's")
	}
	mine, theirs := p.Security, q.Security
	if slices.Index(levels, mine.Level) > slices.Index(levels, theirs.Level) {
		k.exceeds(o, "spec.security.level", fmt.Sprintf("is %s, above the %s of its parent %s; lower it or raise the parent's", mine.Level, theirs.Level, parent))
	}
	if theirs.AppArmorProfile != "" && mine.AppArmorProfile != theirs.AppArmorProfile {
		k.exceeds(o, "spec.security.appArmorProfile", "is not "+theirs.AppArmorProfile+", which its parent "+parent+" has, and two profiles cannot be compared; remove it")
	}
	if theirs.UserNamespace == tenant.Required && mine.UserNamespace != tenant.Required {
		k.exceeds(o, "spec.security.userNamespace", fmt.Sprintf("is %s and Required of its parent %s; remove it", mine.UserNamespace, parent))
	}
	if theirs.Level == tenant.Privileged {
		return // it has them all
	}
	k.among(o, "capabilities", mine.Exceptions.Capabilities, theirs.Exceptions.Capabilities)
	k.among(o, "hostNamespaces", mine.Exceptions.HostNamespaces, theirs.Exceptions.HostNamespaces)
	k.among(o, "sysctls", mine.Exceptions.Sysctls, theirs.Exceptions.Sysctls)
	k.among(o, "hostPaths", beyondPaths(mine.Exceptions.HostPaths, theirs.Exceptions.HostPaths), nil)
	k.among(o, "devices", beyondDevices(mine.Exceptions.Devices, theirs.Exceptions.Devices), nil)
	if mine.Exceptions.RunAsRoot && !theirs.Exceptions.RunAsRoot && theirs.Level == tenant.Restricted {
		k.exceeds(o, "spec.security.exceptions.runAsRoot", "is true and false of its parent "+parent+"; remove it or set the parent's")
	}
}

// beyondPaths are those of a tenant's paths that its parent does not grant.
func beyondPaths(mine, theirs []tenant.HostPath) []string {
	var beyond []string
	for _, m := range mine {
		grants := func(h tenant.HostPath) bool {
			return (m.Path == h.Path || strings.HasPrefix(m.Path, h.Path+"/")) && (m.ReadOnly || !h.ReadOnly)
		}
		if !slices.ContainsFunc(theirs, grants) {
			beyond = append(beyond, m.Path)
		}
	}
	return beyond
}

// beyondDevices are those of a tenant's devices that its parent does not grant.
func beyondDevices(mine, theirs []tenant.Device) []string {
	var beyond []string
	for _, m := range mine {
		grants := func(d tenant.Device) bool {
			return m.Path == d.Path && strings.Trim(m.Permissions, d.Permissions) == ""
		}
		if !slices.ContainsFunc(theirs, grants) {
			beyond = append(beyond, m.Path)
		}
	}
	return beyond
}

// among refuses exceptions that the parent does not have.
func (k *compiler) among(o *Object, name string, mine, theirs []string) {
	for _, e := range mine {
		if !slices.Contains(theirs, e) {
			k.exceeds(o, "spec.security.exceptions."+name, fmt.Sprintf("has %s, which its parent %s has not; remove it or add it to the parent's", e, k.parents[o].Name()))
		}
	}
}
