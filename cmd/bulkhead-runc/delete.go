package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bulkhead-dev/bulkhead/runtime"
)

// remove has the delegate delete a container and releases what Bulkhead has of
// it. It reads no policy.
func remove(ctx context.Context, inv *invocation) error {
	id := passedID(inv.args)
	m, err := inv.find(ctx, id)
	if err != nil {
		return err
	}
	args := append(inv.global(m.stateFolder), "delete")
	err = runtime.Attached(ctx, nil, m.delegate, append(args, inv.args...)...)
	if id == "" || err != nil && inv.keeps(m) {
		return err
	}
	// A delegate that no longer has the container says so with an error; what
	// is recorded of it goes all the same.
	return errors.Join(err, inv.rt.Release(m.Scope(), m.ID))
}

// keeps reports whether the delegate still has a container.
func (inv *invocation) keeps(m made) bool {
	_, err := os.Lstat(filepath.Join(m.stateFolder, m.ID))
	return !errors.Is(err, fs.ErrNotExist)
}
