package isolator

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

/*
pids: how many processes and threads a container has.

Owns     linux.resources.pids
Rule     The limit is narrowed to the container's ceiling. None, or a negative
         one, is no limit: the container gets the default. 0 is written as 1,
         which every delegate reads as almost none.
Because  The node has one table of processes; a container that forks without a
         limit fills it (attack row 48). runc 1.1.5 reads 0 as no limit, runc
         1.5.2 as 1.
Escape   container.max.pids, container.default.pids, limits.pids.
*/

var _ = register(Isolator{
	Name:    "pids",
	Owns:    []string{"/spec/linux/resources/pids"},
	Reason:  "the ceiling of tasks of a container",
	Leq:     pidsLeq,
	Rewrite: func(c *Case, r *Request) error { return narrowPids(c, r.resources()) },
	Update:  narrowPids,
	Holds:   pidsHold,
})

func pidsCeiling(c *Case) ceiling {
	p := c.Policy
	return ceilingOf(c, &p.Limits.Pids, p.Container.Max.Pids, p.Container.Default.Pids)
}

func narrowPids(c *Case, res *specs.LinuxResources) error {
	allowed, pids := pidsCeiling(c), valueOf(res.Pids)
	switch {
	case pids.Limit != nil && *pids.Limit >= 0:
		pids.Limit = new(min(pidsIn(res), *allowed.most))
	case allowed.unasked != nil:
		pids.Limit = allowed.unasked
	default:
		return nil
	}
	res.Pids = &pids
	return nil
}

func pidsHold(c *Case, r *Request) error {
	allowed, res := pidsCeiling(c), resourcesOf(r)
	got := pidsIn(&res)
	written := got == unlimited || *res.Pids.Limit == got // not 0
	if written && (got <= *allowed.most || got == unlimited && allowed.unasked == nil) {
		return nil
	}
	return &Denial{"pids", "linux.resources.pids.limit", numberOf(got), "1 to " + numberOf(*allowed.most), "container.max.pids"}
}

// pidsIn is the limit that a delegate sets.
func pidsIn(res *specs.LinuxResources) int64 {
	if res.Pids == nil || res.Pids.Limit == nil || *res.Pids.Limit < 0 {
		return unlimited
	}
	return max(*res.Pids.Limit, 1)
}

func pidsLeq(a, b *Request) bool {
	x, y := resourcesOf(a), resourcesOf(b)
	return pidsIn(&x) <= pidsIn(&y)
}
