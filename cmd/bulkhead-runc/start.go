package main

import (
	"context"
	"errors"
	"io/fs"
)

// start bounds what its engine has plugged the container into, raises the walls
// around it, and has the delegate let it run. A container that must not start is
// the engine's to delete.
func start(ctx context.Context, inv *invocation) error {
	if id := passedID(inv.args); id != "" {
		c := inv.caller(id, "")
		err := inv.rt.Bound(c.Scope(), id)
		if err == nil {
			err = inv.rt.Wall(c)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return pass(ctx, inv) // one without a record was made before Bulkhead was here
}
