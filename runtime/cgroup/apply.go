package cgroup

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Apply gives the limits of p to the tenant's cgroup, and calls children (nil:
// nothing to do) to give its containers theirs: after the tenant's when the CPU
// limit rises, before when it falls, since on cgroup v1 the kernel lets no child
// have a larger quota than its parent. A tenant without a cgroup of its own has
// children only.
//
// All or nothing: a limit below what is in use is a *TooLow before anything is
// written, and on any other failure the tenant has its old limits again. What
// children did it must undo itself.
//
// Preconditions: the tenant's lock is held (Locked).
func Apply(root tenant.Root, p *tenant.Policy, children func() error) error {
	if children == nil {
		children = nothing
	}
	m, err := ofTenant(root, p.Name)
	if errors.Is(err, ErrUnsupported) {
		return children()
	}
	if err != nil {
		return err
	}
	if !exists(m) {
		return children()
	}
	if err := apply(m, p, children); err != nil {
		return fmt.Errorf("set the limits of tenant %s: %w", p.Name, err)
	}
	return nil
}

// Check is the part of Apply that only reads: it reports whether the limits
// would be refused, on this node (ErrUnsupported) or for what the tenant uses
// (*TooLow).
func Check(root tenant.Root, p *tenant.Policy) error {
	m, err := ofTenant(root, p.Name)
	if err != nil {
		return err
	}
	to, err := limits(p, m)
	if err != nil || !exists(m) {
		return err
	}
	from, err := current(m)
	if err != nil {
		return err
	}
	return tooLow(p.Name, m, from, to)
}

func apply(m cgroups.Manager, p *tenant.Policy, children func() error) error {
	to, err := limits(p, m)
	if err != nil {
		return err
	}
	from, err := current(m)
	if err != nil {
		return err
	}
	if reflect.DeepEqual(from, to) {
		return children() // as at the start of nearly every container
	}
	if err := tooLow(p.Name, m, from, to); err != nil {
		return err
	}
	first := *to
	if lowersCPU(from, to) {
		// What else may fail comes first, while the children are as they were.
		first.CpuQuota, first.CpuPeriod = from.CpuQuota, from.CpuPeriod
	}
	for _, step := range []func() error{
		func() error { return set(m, from, &first) },
		children,
		func() error { return explained(p, set(m, &first, to)) },
	} {
		if err := step(); err != nil {
			return errors.Join(err, restore(m, from))
		}
	}
	return nil
}

func nothing() error { return nil }

// explained says what the kernel's bare "invalid argument" means: of all that
// is set here only a quota below a child's earns it.
func explained(p *tenant.Policy, err error) error {
	if c := p.Limits.CPUMilli; c != nil && errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("limits.cpu %dm is below what one of its containers has: %w", *c, err)
	}
	return err
}

func restore(m cgroups.Manager, old *cgroups.Resources) error {
	half, err := current(m)
	if err == nil {
		err = set(m, half, old)
	}
	if err != nil {
		return fmt.Errorf("put the old limits back: %w", err)
	}
	return nil
}

// lowersCPU compares quotas as the kernel does: by their share of the period.
func lowersCPU(from, to *cgroups.Resources) bool {
	if to.CpuPeriod == 0 || to.CpuQuota == unlimited {
		return false
	}
	return from.CpuQuota == unlimited || to.CpuQuota*int64(from.CpuPeriod) < from.CpuQuota*int64(to.CpuPeriod)
}
