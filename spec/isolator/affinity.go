package isolator

import (
	"errors"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/cpulist"
)

/*
affinity: which CPUs a further process starts on.

Owns     process.execCPUAffinity
Rule     The part of the CPUs asked for that the container has: those of
         linux.resources.cpu.cpus and the tenant's own. A further process keeps
         to its container's. A list that names none of them, or is none, is
         refused.
Because  The delegate moves a process onto these CPUs before it is in the
         container's cgroup, which is all that keeps it from CPUs that another
         tenant has for itself.
Escape   none.
*/

var _ = register(Isolator{
	Name:    "affinity",
	Owns:    []string{"/spec/process/execCPUAffinity"},
	Reason:  "on CPUs that the container has",
	Leq:     affinityLeq,
	Rewrite: containersCPUs,
	Exec:    execCPUs,
	Holds:   affinityHolds,
})

func containersCPUs(c *Case, r *Request) error {
	p := r.Spec.Process
	if p == nil || p.ExecCPUAffinity == nil {
		return nil
	}
	return narrowAffinity(p.ExecCPUAffinity, containerCPUs(c, c.Asked), containerCPUs(c, c.Asked))
}

// execCPUs narrows to the container's affinity, which is the default of the
// delegate: what was not asked for is written out.
func execCPUs(c *Case, p *specs.Process) error {
	a, held := valueOf(p.ExecCPUAffinity), valueOf(c.Created.Process.ExecCPUAffinity)
	initial, final, own := cpusIn(held.Initial), cpusIn(held.Final), cpusIn(c.Facts.CPUs)
	if a.Initial == "" && initial.bounded {
		a.Initial = held.Initial
	}
	if a.Final == "" && final.bounded {
		a.Final = held.Final
	}
	err := narrowAffinity(&a, initial.and(own), final.and(own))
	if a != (specs.CPUAffinity{}) {
		p.ExecCPUAffinity = &a
	}
	return err
}

// cpus is a set of CPUs; not bounded is all.
type cpus struct {
	set     cpulist.Set
	bounded bool
}

// cpusIn reads a list. What is none bounds nothing.
func cpusIn(list string) cpus {
	set, ok := cpulist.From(list)
	return cpus{set, ok}
}

func (a cpus) and(b cpus) cpus {
	switch {
	case !a.bounded:
		return b
	case !b.bounded:
		return a
	}
	return cpus{a.set.And(b.set), true}
}

func (a cpus) within(b cpus) bool { return !b.bounded || a.bounded && a.set.Within(b.set) }

// containerCPUs are the CPUs that a container has, as far as its request and
// its tenant say it.
func containerCPUs(c *Case, r *Request) cpus { return cpusIn(cpuOf(r).Cpus).and(cpusIn(c.Facts.CPUs)) }

func narrowAffinity(a *specs.CPUAffinity, initial, final cpus) error {
	var errs [2]error
	a.Initial, errs[0] = narrowCPUs("initial", a.Initial, initial)
	a.Final, errs[1] = narrowCPUs("final", a.Final, final)
	return errors.Join(errs[:]...)
}

func narrowCPUs(field, list string, most cpus) (string, error) {
	asked := cpusIn(list)
	d := &Denial{"affinity", "process.execCPUAffinity." + field, strconv.Quote(list), `a list like "0-2,4"`, Nothing}
	switch part := asked.and(most); {
	case list == "":
		return list, nil
	case !asked.bounded:
		return list, d
	case asked.within(most):
		return list, nil
	case part.set == cpulist.Set{}:
		d.Want = "some of " + most.set.String() + ", the container's"
		return list, d
	default:
		return part.set.String(), nil
	}
}

func affinityHolds(c *Case, r *Request) error {
	a := valueOf(valueOf(r.Spec.Process).ExecCPUAffinity)
	most := containerCPUs(c, r)
	got := a
	if err := narrowAffinity(&got, most, most); err != nil {
		return err
	}
	if got != a {
		return &Denial{"affinity", "process.execCPUAffinity", strconv.Quote(a.Initial + ";" + a.Final), "at most " + most.set.String(), Nothing}
	}
	return nil
}

func affinityLeq(a, b *Request) bool {
	x, y := valueOf(valueOf(a.Spec.Process).ExecCPUAffinity), valueOf(valueOf(b.Spec.Process).ExecCPUAffinity)
	return cpusIn(x.Initial).within(cpusIn(y.Initial)) && cpusIn(x.Final).within(cpusIn(y.Final))
}
