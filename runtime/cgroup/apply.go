package cgroup

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/fscommon"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/runtime/lock"
	"github.com/bulkhead-dev/bulkhead/spec/cpulist"
)

// Apply gives a tenant's cgroup the limits of its policy, and calls children
// (nil: nothing to do) to give those below it theirs: after the tenant's when
// the CPU limit rises, before when it falls, since on cgroup v1 the kernel lets
// no child have a larger quota than its parent. A tenant without a cgroup of its
// own has children only. A limit below what is in use is a *TooLow before
// anything is written.
//
// All or nothing: on any failure the tenant has its old limits again. What
// children did it must undo itself.
//
// Preconditions: the locks of the tenant and of those above it are held.
func (t *Tree) Apply(of *Tenant, children func() error) error {
	if children == nil {
		children = nothing
	}
	place, err := t.Place(of.Policy)
	if err != nil {
		return err
	}
	m, err := open(place)
	if err != nil {
		return err
	}
	if !exists(m) {
		return children()
	}
	if err := lock.Held(t.baseLock(), func() error { return t.settleBase(of.Node) }); err != nil {
		return err
	}
	return t.settle(place, m, of, children)
}

// Check is the part of Apply that only reads: it reports whether the limits
// would be refused, on this node (ErrUnsupported) or for what the tenant uses
// (*TooLow).
func (t *Tree) Check(of *Tenant) error {
	if _, err := t.wanted(of); err != nil { // also where there is no cgroup yet
		return err
	}
	place, err := t.Place(of.Policy)
	if err != nil {
		return err
	}
	m, err := open(place)
	if err != nil || !exists(m) {
		return err
	}
	from, to, err := t.fromTo(m, of)
	if err != nil {
		return err
	}
	return tooLow(of.Name, m, from, to)
}

// settle gives an existing cgroup the limits of its policy.
func (t *Tree) settle(place string, m cgroups.Manager, of *Tenant, children func() error) error {
	from, to, err := t.fromTo(m, of)
	if err != nil {
		return err
	}
	if maps.Equal(from, to) {
		return children() // as at the start of nearly every container
	}
	if err := tooLow(of.Name, m, from, to); err != nil {
		return err
	}
	first := t.first(from, to)
	for _, step := range []func() error{
		func() error { return t.write(place, m, from, first) },
		children,
		func() error { return explained(of, t.write(place, m, first, to)) },
	} {
		if err := step(); err != nil {
			return errors.Join(fmt.Errorf("set the limits of tenant %s: %w", of.Name, err), t.restore(place, m, from))
		}
	}
	return nil
}

// fromTo are the values that a cgroup has and those that it shall have. A device
// that the policy bounds no longer is freed.
func (t *Tree) fromTo(m cgroups.Manager, of *Tenant) (from, to values, err error) {
	if !v2() && of.InPods.CPUMilli > 0 {
		of.LeastCPUMilli = max(of.LeastCPUMilli, largestBelow(m))
	}
	settings, err := t.wanted(of)
	if err != nil {
		return nil, nil, err
	}
	if to, err = possible(m, settings); err != nil {
		return nil, nil, err
	}
	if err := freeDevices(m, to); err != nil {
		return nil, nil, err
	}
	from, err = current(m, to)
	return from, to, err
}

// largestBelow is the largest CPU quota right below a cgroup, thousandths.
func largestBelow(m cgroups.Manager) (milli int64) {
	entries, _ := os.ReadDir(m.Path("cpu")) // what cannot be read bounds nothing
	for _, e := range entries {
		dir := filepath.Join(m.Path("cpu"), e.Name())
		quota, err := fscommon.GetCgroupParamInt(dir, "cpu.cfs_quota_us")
		period, err2 := fscommon.GetCgroupParamInt(dir, "cpu.cfs_period_us")
		if e.IsDir() && err == nil && err2 == nil && quota > 0 && period > 0 {
			milli = max(milli, (quota*1000+period-1)/period)
		}
	}
	return milli
}

// first is what can be set before the children follow: everything but what would
// bind them below what they have. What may fail comes so while they are as they
// were.
func (t *Tree) first(from, to values) values {
	first := maps.Clone(to)
	if v2() {
		return first
	}
	if lowersCPU(from, to) {
		first["cpu.cfs_quota_us"], first["cpu.cfs_period_us"] = from["cpu.cfs_quota_us"], from["cpu.cfs_period_us"]
	}
	if cpus, set := to["cpuset.cpus"]; set {
		had, _ := cpulist.From(from["cpuset.cpus"])
		shall, _ := cpulist.From(cpus)
		first["cpuset.cpus"] = had.Or(shall).String()
	}
	return first
}

func nothing() error { return nil }

// explained says what the kernel's bare "invalid argument" means: of all that
// is set here only a quota below a child's earns it.
func explained(of *Tenant, err error) error {
	if c := of.Limits.CPUMilli; c != nil && errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("limits.cpu %dm is below what one of its containers has: %w", *c, err)
	}
	return err
}

func (t *Tree) restore(place string, m cgroups.Manager, old values) error {
	half, err := current(m, old)
	if err == nil {
		err = t.write(place, m, half, old)
	}
	if err != nil {
		return fmt.Errorf("put the old limits back: %w", err)
	}
	return nil
}

// lowersCPU compares quotas as the kernel does: by their share of the period.
func lowersCPU(from, to values) bool {
	quota, period := to.number("cpu.cfs_quota_us"), to.number("cpu.cfs_period_us")
	was, wasPeriod := from.number("cpu.cfs_quota_us"), from.number("cpu.cfs_period_us")
	if quota == unlimited {
		return false
	}
	return was == unlimited || quota*wasPeriod < was*period
}
