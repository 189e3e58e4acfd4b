package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	goruntime "runtime"
	"sync"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
)

// newLimits are other resources for one running container.
type newLimits struct {
	of       *record.Record
	from, to *specs.LinuxResources
	restore  func(path string, to *specs.LinuxResources) error // nil: what differs is enough
}

// updateAll gives each container the resources that the policy in force has for
// it, also where somebody else has changed its cgroup, or none of them.
func (rt *Runtime) updateAll(ctx context.Context, containers []*record.Record, c Change) (int, error) {
	fits := func(l newLimits) error {
		return rt.tree.ContainerFits(l.of.Tenant, l.of.ID, l.of.Cgroup, l.from, l.to, c.Squeeze)
	}
	return rt.giveAll(ctx, containers, checks{fits, drifted, c.Progress})
}

// checks are what an apply does besides; nil: it is not done.
type checks struct {
	fits     func(newLimits) error
	drifted  func(*record.Record) ([]newLimits, error)
	progress func(done, all int)
}

// drifted is the way back for a container whose cgroup has not the limits that
// are recorded of it.
func drifted(r *record.Record) ([]newLimits, error) {
	holds, err := cgroup.ContainerHolds(r.Cgroup, r.Resources)
	if holds || err != nil {
		return nil, err
	}
	return []newLimits{{r, r.Resources, r.Resources, cgroup.RestoreContainer}}, nil
}

// giveAll gives containers new resources. The kernel has all new limits at once;
// then the delegates are told, which takes a process each, so that what they
// write later is not the old ones again. On a failure everything is as it was.
func (rt *Runtime) giveAll(ctx context.Context, containers []*record.Record, do checks) (int, error) {
	var all []newLimits
	for _, r := range containers {
		full, err := rt.resourcesInForce(r)
		if err != nil {
			return 0, fmt.Errorf("container %s: %w", r.ID, err)
		}
		if !reflect.DeepEqual(full, r.Resources) {
			all = append(all, newLimits{r, r.Resources, full, nil})
			continue
		}
		if do.drifted == nil {
			continue
		}
		back, err := do.drifted(r)
		if err != nil && r.Alive() {
			return 0, fmt.Errorf("container %s: %w", r.ID, err)
		}
		all = append(all, back...)
	}
	for _, l := range all {
		if do.fits == nil {
			break
		}
		if err := do.fits(l); err != nil && l.of.Alive() {
			return 0, err
		}
	}
	for i, l := range all {
		if err := l.set(l.from, l.to); err != nil {
			return 0, errors.Join(err, undo(all[:i+1]))
		}
	}
	told, err := rt.tellAll(ctx, all, do.progress)
	if err != nil {
		back := undo(all)
		for _, l := range told {
			back = errors.Join(back, rt.setResources(context.WithoutCancel(ctx), l.of, l.from))
		}
		return 0, errors.Join(err, back)
	}
	return len(all), nil
}

// set writes limits to the container's cgroup. A container that ended meanwhile
// has none.
func (l newLimits) set(from, to *specs.LinuxResources) error {
	set := func(path string, to *specs.LinuxResources) error { return cgroup.SetContainer(path, from, to) }
	if l.restore != nil {
		set = l.restore
	}
	err := set(l.of.Cgroup, to)
	if err != nil && l.of.Alive() {
		return fmt.Errorf("container %s: %w", l.of.ID, err)
	}
	return nil
}

func undo(all []newLimits) (err error) {
	for _, l := range all {
		err = errors.Join(err, l.set(l.to, l.from))
	}
	return err
}

// tellAll tells the delegates, as many at a time as the node has CPUs, and
// returns those that were told.
func (rt *Runtime) tellAll(ctx context.Context, all []newLimits, progress func(done, all int)) (told []newLimits, err error) {
	var mu sync.Mutex // guards told and err
	var workers sync.WaitGroup
	next := make(chan newLimits)
	for range min(goruntime.NumCPU(), len(all)) {
		workers.Go(func() {
			for l := range next {
				failed := rt.setResources(ctx, l.of, l.to)
				if failed != nil && !l.of.Alive() {
					failed = nil
				}
				mu.Lock()
				if failed != nil {
					err = errors.Join(err, fmt.Errorf("container %s: %w", l.of.ID, failed))
				} else {
					told = append(told, l)
				}
				if progress != nil {
					progress(len(told), len(all))
				}
				mu.Unlock()
			}
		})
	}
	for _, l := range all {
		mu.Lock()
		failed := err != nil
		mu.Unlock()
		if failed {
			break
		}
		next <- l
	}
	close(next)
	workers.Wait()
	return told, err
}

// resourcesInForce is what the policy in force makes of all that the engine
// asked for the container.
func (rt *Runtime) resourcesInForce(r *record.Record) (*specs.LinuxResources, error) {
	cs, _, err := rt.resourcesCase(r)
	if err != nil {
		return nil, err
	}
	full, res, err := spec.RewriteUpdate(cs, new(specs.LinuxResources))
	if err == nil && len(res.Denials) > 0 {
		err = res.Denials
	}
	return full, err
}

// setResources changes a running container through its delegate, which keeps
// its own account of them, and the record.
func (rt *Runtime) setResources(ctx context.Context, r *record.Record, to *specs.LinuxResources) error {
	sent, err := spec.Lift(r.Resources, to)
	if err != nil {
		return err
	}
	data, err := json.Marshal(sent)
	if err != nil {
		return err
	}
	args := []string{"--root", r.StateRoot, "update", "--resources", "-", r.ID}
	if r.Systemd {
		args = append([]string{"--systemd-cgroup"}, args...)
	}
	if _, err := rt.run(ctx, DelegateEnv, data, r.Delegate, args...); err != nil {
		return err
	}
	r.Resources = to
	return record.Save(rt.root, r)
}
