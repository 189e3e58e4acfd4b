package isolator

import (
	"math"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

const unlimited = math.MaxInt64

// A ceiling is the most of one quantity that a container may have, and what it
// gets when it asks for nothing. Nil: not bounded.
type ceiling struct{ most, unasked *int64 }

// ceilingOf applies the tenant's own limit to what one container may have: a
// pod is not below the tenant's cgroup, so nothing else would.
func ceilingOf(c *Case, limit, max, byDefault *int64) ceiling {
	most := least(limit, max)
	if hasNoDefaults(c) {
		return ceiling{most: most}
	}
	return ceiling{most: most, unasked: least(byDefault, most)}
}

// hasNoDefaults: a pod's sandbox runs nothing of the tenant's, and the
// kubelet's pod cgroup bounds it.
func hasNoDefaults(c *Case) bool { return c.Facts.Engine == CRI && c.Facts.IsSandbox }

// least returns the smaller quantity, at least 1: delegates read 0 as not set,
// which is no limit.
func least(a, b *int64) *int64 {
	switch {
	case a == nil && b == nil:
		return nil
	case a == nil:
		return new(max(*b, 1))
	case b == nil:
		return new(max(*a, 1))
	}
	return new(max(min(*a, *b), 1))
}

// valueOf is what is set, zero when nothing is: to a delegate the two are the same.
func valueOf[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// limitOf is a limit as a number to compare: none, zero and negative ones are
// no limit to a delegate.
func limitOf(p *int64) int64 {
	if valueOf(p) <= 0 {
		return unlimited
	}
	return *p
}

// plus adds without overflow. Neither is negative.
func plus(a, b int64) int64 {
	if a > unlimited-b {
		return unlimited
	}
	return a + b
}

// numberOf is a limit in a sentence.
func numberOf(limit int64) string {
	if limit == unlimited {
		return "not limited"
	}
	return strconv.FormatInt(limit, 10)
}

// resourcesOf returns the request's resources, zero if there are none.
func resourcesOf(r *Request) specs.LinuxResources {
	if r.Spec.Linux == nil {
		return specs.LinuxResources{}
	}
	return valueOf(r.Spec.Linux.Resources)
}
