package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/runtime/lock"
)

// Ensure makes the tenant's cgroup if it is not there, and those of the tenants
// above it, and sets its limits. When it fails, one that was there keeps its
// limits and one that could not be made whole is gone; Clear takes away those
// above it.
//
// Preconditions: the locks of the tenant and of those above it are held
// (Locked), the container's record exists, and the policies are in force: one
// read before the locks were taken may have been replaced.
func (t *Tree) Ensure(of *Tenant) error {
	place, err := t.Place(of.Policy)
	if err != nil {
		return err
	}
	m, err := open(place)
	if err != nil {
		return err
	}
	if !exists(m) { // what the node cannot hold is refused before anything is made
		if _, err := t.wanted(of); err != nil {
			return err
		}
	}
	if of.Parent != nil {
		if err := t.Ensure(of.Parent); err != nil {
			return err
		}
	}
	if exists(m) {
		if !whole(m) { // somebody was killed while it was made
			if err := t.start(place, m); err != nil {
				return err
			}
		}
		return t.settle(place, m, of, nothing)
	}
	if err := t.create(place, m, of); err != nil {
		return errors.Join(fmt.Errorf("make the cgroup of tenant %s: %w", of.Name, err), t.discard(place))
	}
	return nil
}

func (t *Tree) create(place string, m cgroups.Manager, of *Tenant) error {
	if err := os.MkdirAll(t.root.Tenants(), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(t.note(of.Name), []byte(place+"\n"), 0o600); err != nil {
		return err
	}
	err := lock.Held(t.baseLock(), func() error {
		if err := t.start(place, m); err != nil {
			return err
		}
		return t.settleBase(of.Node)
	})
	if err != nil {
		return err
	}
	if err := nests(m); err != nil {
		return err
	}
	from, to, err := t.fromTo(m, of)
	if err != nil {
		return err
	}
	return t.write(place, m, from, to)
}

// start makes an empty cgroup, in every hierarchy: systemd makes a slice, those
// above it on its way, with the controllers that it knows.
func (t *Tree) start(place string, m cgroups.Manager) error {
	if filepath.Ext(place) == sliceSuffix {
		if err := t.slices(SliceOrder{Slice: place}); err != nil {
			return err
		}
	}
	return m.Apply(-1) // -1: no process joins
}
