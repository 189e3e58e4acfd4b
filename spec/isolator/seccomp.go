package isolator

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/seccomp"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
seccomp: the system calls that the container's processes may make.

Owns     linux.seccomp
Rule     The engine's filter met with that of the tenant's level: a call gets
         the stricter of both answers. At level privileged the engine's is
         kept. A listener and flags that weaken the kernel's mitigations are
         removed, and only calls of the native architecture pass.
Because  The kernel's entry points are what a container breaks out through;
         engines compute their filter from the capabilities that were asked for,
         not from those that a tenant may have (attack rows 19, 26, 29 to 36,
         41, 42).
Escape   security.exceptions.capabilities adds what a capability is of use for;
         security.level.
*/

var _ = register(Isolator{
	Name:    "seccomp",
	Owns:    []string{"/spec/linux/seccomp"},
	Reason:  "what both the engine's and the tenant's filter allow",
	Leq:     func(a, b *Request) bool { return seccomp.Leq(filterOf(a), filterOf(b)) },
	Rewrite: meetFilters,
	Holds:   filterHolds,
})

func meetFilters(c *Case, r *Request) error {
	filter := seccomp.Plain(filterOf(r))
	if level := levelProfile(c); level != nil {
		filter = seccomp.Meet(filter, level)
	}
	if filter == nil {
		return nil
	}
	if len(filter.Flags) == 0 {
		filter.Flags = explicitFlags(c)
	}
	r.linux().Seccomp = filter
	return nil
}

// levelProfile is the tenant's own filter, nil when it has none.
func levelProfile(c *Case) *specs.LinuxSeccomp {
	switch c.Policy.Security.Level {
	case tenant.Privileged:
		return nil
	case tenant.Restricted:
		return restrictedProfile(c)
	default:
		return baselineProfile(c)
	}
}

func filterHolds(c *Case, r *Request) error {
	ceiling := levelProfile(c)
	if ceiling == nil {
		ceiling = seccomp.Plain(filterOf(r))
	}
	if !seccomp.Leq(filterOf(r), ceiling) {
		return &Denial{"seccomp", "linux.seccomp", "more", "at most the filter of level " + string(c.Policy.Security.Level), "security.level"}
	}
	return nil
}

func filterOf(r *Request) *specs.LinuxSeccomp { return valueOf(r.Spec.Linux).Seccomp }
