package main

import (
	"context"
	"errors"
	"io/fs"
)

// start raises the walls around what its engine has plugged the container into,
// and has the delegate let it run. A container that must not start is
// the engine's to delete.
func start(ctx context.Context, inv *invocation) error {
	if id := passedID(inv.args); id != "" {
		if err := inv.rt.Plugged(inv.caller(id, "")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return pass(ctx, inv) // one without a record was made before Bulkhead was here
}
