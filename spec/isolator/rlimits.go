package isolator

import (
	"fmt"
	"maps"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
rlimits: the resource limits of a process.

Owns     process.rlimits
Rule     Every limit that the tenant names is present and at most the tenant's;
         others are kept. A further process has at most what its container has.
Because  Open files, locked memory, core dumps and queued signals are counted by
         the kernel per user, outside of any cgroup (attack rows 49 to 51). A
         limit that is not in the spec is the shim's own, which has none.
Escape   container.rlimits.
*/

var _ = register(Isolator{
	Name:    "rlimits",
	Owns:    []string{"/spec/process/rlimits"},
	Reason:  "at most the tenant's",
	Leq:     rlimitsLeq,
	Rewrite: tenantRlimits,
	Exec:    containerRlimits,
	Holds:   rlimitsHold,
})

// rlimitTypes are those of Linux. Source: runtime-spec 1.3.0, config.md.
var rlimitTypes = []string{
	"RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_LOCKS", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE",
	"RLIMIT_NICE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_RSS", "RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK",
}

func tenantRlimits(c *Case, r *Request) error {
	p := r.Spec.Process
	if p == nil {
		return nil
	}
	if err := clearRlimits(p); err != nil {
		return err
	}
	bound(p, c.Policy.Container.Rlimits)
	return nil
}

// clearRlimits accepts each known type once: of two, delegates differ in which
// counts.
func clearRlimits(p *specs.Process) error {
	for i, l := range p.Rlimits {
		same := func(m specs.POSIXRlimit) bool { return m.Type == l.Type }
		if !slices.Contains(rlimitTypes, l.Type) || slices.ContainsFunc(p.Rlimits[:i], same) {
			return &Denial{"rlimits", "process.rlimits", fmt.Sprintf("%q, unknown or twice", l.Type), "each known type at most once", Nothing}
		}
	}
	return nil
}

// containerRlimits narrows to the tenant and the container. What it cannot
// understand it replaces by the container's: an exec is not refused.
func containerRlimits(c *Case, p *specs.Process) error {
	var once []specs.POSIXRlimit
	for _, l := range p.Rlimits {
		i := slices.IndexFunc(once, func(m specs.POSIXRlimit) bool { return m.Type == l.Type })
		switch {
		case i >= 0:
			once[i] = narrowed(once[i], tenant.Rlimit{Soft: l.Soft, Hard: l.Hard})
		case slices.Contains(rlimitTypes, l.Type):
			once = append(once, l)
		}
	}
	p.Rlimits = once
	bound(p, c.Policy.Container.Rlimits)
	created := map[string]tenant.Rlimit{}
	for _, l := range c.Created.Process.Rlimits {
		if slices.Contains(rlimitTypes, l.Type) {
			created[l.Type] = tenant.Rlimit{Soft: l.Soft, Hard: l.Hard}
		}
	}
	bound(p, created)
	return nil
}

// bound narrows the process to the limits and appends those that it lacks.
func bound(p *specs.Process, limits map[string]tenant.Rlimit) {
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		most := limits[name]
		i := slices.IndexFunc(p.Rlimits, func(l specs.POSIXRlimit) bool { return l.Type == name })
		if i < 0 {
			p.Rlimits = append(p.Rlimits, specs.POSIXRlimit{Type: name, Soft: most.Soft, Hard: most.Hard})
			continue
		}
		p.Rlimits[i] = narrowed(p.Rlimits[i], most)
	}
}

func narrowed(l specs.POSIXRlimit, most tenant.Rlimit) specs.POSIXRlimit {
	l.Hard = min(l.Hard, most.Hard)
	l.Soft = min(l.Soft, most.Soft)
	return l
}

func rlimitsHold(c *Case, r *Request) error {
	p := r.Spec.Process
	if p == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(c.Policy.Container.Rlimits)) {
		most := c.Policy.Container.Rlimits[name]
		l := rlimit(p, name)
		if l == nil || l.Soft > most.Soft || l.Hard > most.Hard {
			return &Denial{"rlimits", "process.rlimits[" + name + "]", "more", fmt.Sprintf("at most %d, hard %d", most.Soft, most.Hard), "container.rlimits"}
		}
	}
	return clearRlimits(p)
}

// rlimit returns the process's limit of a type, nil if it has none. Of two the
// last stays in force.
func rlimit(p *specs.Process, name string) *specs.POSIXRlimit {
	for i := range slices.Backward(p.Rlimits) {
		if p.Rlimits[i].Type == name {
			return &p.Rlimits[i]
		}
	}
	return nil
}

// rlimitsLeq: absent is the top, and so is a type that no kernel has.
func rlimitsLeq(a, b *Request) bool {
	x, y := valueOf(a.Spec.Process), valueOf(b.Spec.Process)
	for _, of := range y.Rlimits {
		if !slices.Contains(rlimitTypes, of.Type) {
			continue
		}
		m := rlimit(&y, of.Type)
		if l := rlimit(&x, m.Type); l == nil || l.Soft > m.Soft || l.Hard > m.Hard {
			return false
		}
	}
	return true
}
