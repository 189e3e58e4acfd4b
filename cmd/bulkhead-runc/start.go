package main

import (
	"context"
	"errors"
	"io/fs"
)

// start raises the walls around the container's network, which its engine has
// plugged by now, and has the delegate let it run.
func start(ctx context.Context, inv *invocation) error {
	id := passedID(inv.args)
	if err := inv.rt.Wall(inv.caller(id, "")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return pass(ctx, inv) // one without a record was made before Bulkhead was here
}
