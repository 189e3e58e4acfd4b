package isolator

import (
	"fmt"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
capabilities: the five capability sets.

Owns     process.capabilities
Rule     Bounding, effective and permitted are intersected with the level's set,
         the exceptions and the node's own, and the latter two with the first.
         Inheritable and ambient are emptied. A capability that no engine gives
         by default and the tenant may not have is refused; at Exec it is
         dropped.
Because  Root in a container is root on the node except for what its sets lack
         (capabilities(7); CVE-2022-29162, CVE-2022-24769; attack rows 7, 25,
         30).
Escape   security.exceptions.capabilities.
*/

var _ = register(Isolator{
	Name:    "capabilities",
	Owns:    []string{"/spec/process/capabilities"},
	Reason:  "outside what the tenant's level gives",
	Leq:     capabilitiesLeq,
	Rewrite: narrowCapabilities,
	Exec:    narrowExecCapabilities,
	Holds:   capabilitiesHold,
})

// levelCapabilities is what a level allows to be added or kept. Source: Pod
// Security Standards, "Capabilities".
var levelCapabilities = map[tenant.Level][]string{
	tenant.Baseline: {
		"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
		"CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
	},
	tenant.Restricted: {"CAP_NET_BIND_SERVICE"},
}

// engineDefaults are what Docker and containerd give to a container that asked
// for nothing: dropping one of them refuses nobody's wish.
var engineDefaults = append([]string{"CAP_NET_RAW"}, levelCapabilities[tenant.Baseline]...)

func narrowCapabilities(c *Case, r *Request) error {
	if r.Spec.Process == nil || r.Spec.Process.Capabilities == nil {
		return nil // the delegate gives none
	}
	sets := r.Spec.Process.Capabilities
	asked := named(sets)
	everything := !slices.ContainsFunc(c.Facts.Node.Capabilities, func(name string) bool { return !slices.Contains(asked, name) })
	excess := slices.DeleteFunc(asked, func(name string) bool {
		return mayHave(c, name) || slices.Contains(engineDefaults, name) || !inBounding(c, name)
	})
	intersect(sets, func(name string) bool { return mayHave(c, name) && inBounding(c, name) })
	switch {
	case len(excess) == 0 || c.Policy.Security.OnExcess == tenant.Narrow:
		return nil
	case everything:
		return privilegedDenial(c)
	}
	return excessDenial(c, excess)
}

func excessDenial(c *Case, names []string) *Denial {
	list := strings.Join(names, ", ")
	return &Denial{"capabilities", "process.capabilities", list,
		fmt.Sprintf("what level %s gives", c.Policy.Security.Level), fmt.Sprintf("security.exceptions.capabilities: [%s]", list)}
}

// privilegedDenial is the shorter sentence for whoever asked for everything,
// as `--privileged` does.
func privilegedDenial(c *Case) *Denial {
	return &Denial{"capabilities", "process.capabilities", "all that the node has",
		fmt.Sprintf("what level %s gives", c.Policy.Security.Level), "security.level: privileged"}
}

func narrowExecCapabilities(c *Case, p *specs.Process) error {
	if p.Capabilities == nil {
		return nil
	}
	var created []string
	if c.Created.Process.Capabilities != nil {
		created = c.Created.Process.Capabilities.Bounding
	}
	intersect(p.Capabilities, func(name string) bool {
		return mayHave(c, name) && slices.Contains(created, name)
	})
	return nil
}

func capabilitiesHold(c *Case, r *Request) error {
	if r.Spec.Process == nil || r.Spec.Process.Capabilities == nil {
		return nil
	}
	excess := slices.DeleteFunc(named(r.Spec.Process.Capabilities), func(name string) bool { return mayHave(c, name) })
	if len(excess) > 0 {
		return excessDenial(c, excess)
	}
	return nil
}

func mayHave(c *Case, name string) bool { return MayHave(c.Policy, name) }

// MayHave reports whether a tenant's containers may have a capability.
func MayHave(p *tenant.Policy, name string) bool {
	s := p.Security
	return s.Level == tenant.Privileged || slices.Contains(levelCapabilities[s.Level], name) || slices.Contains(s.Exceptions.Capabilities, name)
}

// inBounding reports whether the node itself can give the capability: a
// delegate cannot apply one that is missing from its own bounding set.
func inBounding(c *Case, name string) bool { return slices.Contains(c.Facts.Node.Capabilities, name) }

// intersect narrows all sets. What is outside the bounding set does not survive
// the delegate's execve (capabilities(7)), so it is not shown as given either.
func intersect(s *specs.LinuxCapabilities, keep func(string) bool) {
	s.Bounding = slices.DeleteFunc(s.Bounding, func(name string) bool { return !keep(name) })
	unbounded := func(name string) bool { return !slices.Contains(s.Bounding, name) }
	s.Effective = slices.DeleteFunc(s.Effective, unbounded)
	s.Permitted = slices.DeleteFunc(s.Permitted, unbounded)
	s.Inheritable, s.Ambient = nil, nil
}

// named returns every capability of any set, sorted.
func named(s *specs.LinuxCapabilities) []string {
	all := slices.Concat(s.Bounding, s.Effective, s.Permitted, s.Inheritable, s.Ambient)
	slices.Sort(all)
	return slices.Compact(all)
}

func capabilitiesLeq(a, b *Request) bool {
	x, y := capabilitySets(a), capabilitySets(b)
	for i := range x {
		for _, name := range x[i] {
			if !slices.Contains(y[i], name) {
				return false
			}
		}
	}
	return true
}

func capabilitySets(r *Request) [5][]string {
	if r.Spec.Process == nil || r.Spec.Process.Capabilities == nil {
		return [5][]string{}
	}
	s := r.Spec.Process.Capabilities
	return [5][]string{s.Bounding, s.Effective, s.Permitted, s.Inheritable, s.Ambient}
}
