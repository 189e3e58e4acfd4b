package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// Leftover is something of this installation on the host whose container is
// gone: the engine, the shim and the delegate were killed before they cleaned up.
type Leftover struct {
	Kind   string // "container", "tenant network", "tenant cgroup", "mounts", "glass", "walls" or "bandwidth"
	Name   string
	remove func(context.Context) error
}

// Remove removes it. Something that is gone meanwhile is success.
func (l Leftover) Remove(ctx context.Context) error {
	if err := l.remove(ctx); err != nil {
		return fmt.Errorf("remove %s %s: %w", l.Kind, l.Name, err)
	}
	return nil
}

// Leftovers finds them from what exists, never from a list of what should. It
// sees nothing of other installations, and changes nothing.
func (rt *Runtime) Leftovers() ([]Leftover, error) {
	found, err := rt.staged() // before the records, which are there longer
	if err != nil {
		return nil, err
	}
	all, err := record.List(rt.root)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(l Leftover) bool {
		return slices.ContainsFunc(all, func(r *record.Record) bool { return r.Scope+"/"+r.ID == l.Name })
	})
	var used []string
	for _, r := range all {
		used = append(used, r.TenantCgroup)
		if gone, err := lost(r); err != nil {
			return nil, err
		} else if gone {
			found = append(found, Leftover{"container", r.Scope + "/" + r.ID, func(ctx context.Context) error { return rt.removeLost(ctx, r) }})
		}
	}
	ended, err := rt.ended()
	if err != nil {
		return nil, err
	}
	networks, err := rt.idleNetworks()
	if err != nil {
		return nil, err
	}
	walls, err := rt.unknownWalls(all)
	if err != nil {
		return nil, err
	}
	unknown, err := rt.unknownBandwidth()
	if err != nil {
		return nil, err
	}
	found = slices.Concat(found, ended, networks, walls, unknown)
	places, err := rt.tree.Places()
	for _, place := range places {
		if !slices.ContainsFunc(used, func(inner string) bool { return cgroup.Holds(place, inner) }) {
			found = append(found, Leftover{"tenant cgroup", cgroup.TenantAt(place), func(context.Context) error { return rt.tree.Release(place) }})
		}
	}
	return found, err
}

// staged are the stages of all containers.
func (rt *Runtime) staged() (found []Leftover, err error) {
	scopes, err := os.ReadDir(rt.root.Mounts())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, scope := range scopes {
		ids, err := os.ReadDir(filepath.Join(rt.root.Mounts(), scope.Name()))
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			found = append(found, Leftover{"mounts", scope.Name() + "/" + id.Name(), func(context.Context) error {
				return removeStage(stageOf(rt.root, scope.Name(), id.Name()))
			}})
		}
	}
	return found, err
}

// ReleaseBase removes the installation's own cgroup if no tenant's is left in it.
func (rt *Runtime) ReleaseBase() error { return rt.tree.ReleaseBase() }

// lost reports whether nobody will ever ask for the container again: its
// process is dead and its engine has removed its bundle.
func lost(r *record.Record) (bool, error) {
	if r.Alive() {
		return false, nil
	}
	_, err := os.Lstat(r.Bundle)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return false, err
}

// removeLost asks the delegate first, which may still keep state, a cgroup and
// processes of the container.
func (rt *Runtime) removeLost(ctx context.Context, r *record.Record) error {
	kept, err := hasState(r.StateRoot, r.ID)
	if err != nil {
		return err
	}
	if kept {
		if _, err := rt.run(ctx, DelegateEnv, nil, r.Delegate, "--root", r.StateRoot, "delete", "--force", r.ID); err != nil {
			// runsc forgets the container also where its root has gone, of which it
			// complains.
			if kept, _ := hasState(r.StateRoot, r.ID); kept || !sandboxed(r.Delegate) {
				return err
			}
		}
	}
	return rt.Release(r.Scope, r.ID)
}
