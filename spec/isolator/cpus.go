package isolator

import (
	"fmt"
	"strconv"

	"github.com/bulkhead-dev/bulkhead/spec/cpulist"
)

// cpusWithin returns the part of the CPUs asked for that the tenant has, all of
// the tenant's if none were.
func cpusWithin(c *Case, asked string) (string, error) {
	if c.Facts.CPUs == "" {
		return asked, nil
	}
	own, ok := cpulist.From(c.Facts.CPUs)
	if !ok {
		return asked, fmt.Errorf("the CPUs of the tenant are %q, which is no list", c.Facts.CPUs)
	}
	if asked == "" {
		return c.Facts.CPUs, nil
	}
	set, ok := cpulist.From(asked)
	switch {
	case !ok:
		return asked, &Denial{"cpu", "linux.resources.cpu.cpus", strconv.Quote(asked), `a list like "0-2,4"`, Nothing}
	case set.Within(own):
		return asked, nil
	case set.And(own) == cpulist.Set{}:
		return asked, &Denial{"cpu", "linux.resources.cpu.cpus", asked, "some of " + c.Facts.CPUs + ", the tenant's", Nothing}
	}
	return set.And(own).String(), nil
}

// cpusLeq: a part of the other's CPUs. None named is all of them.
func cpusLeq(a, b string) bool {
	if b == "" || a == b {
		return true
	}
	x, ok := cpulist.From(a)
	y, both := cpulist.From(b)
	return ok && both && x.Within(y)
}
