package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/bulkhead-dev/bulkhead/runtime"
)

// checkpoint is refused for a tenant, as by the shim: CRIU writes the image as
// root into a folder that the client names, and no restore would be accepted.
func checkpoint(ctx context.Context, inv *invocation) error {
	id := inv.args[max(len(inv.args)-1, 0):]
	if len(id) == 0 {
		return errors.New("checkpoint takes a container id")
	}
	m, err := inv.find(ctx, id[0])
	if err != nil {
		return err
	}
	if err := inv.rt.Checkpoint(m.Caller); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return runtime.Become(m.delegate, append(append(inv.global(m.stateFolder), "checkpoint"), inv.args...)...)
}

// restore is refused for everybody: CRIU takes rights from the image, which is
// not what was decided.
func restore(context.Context, *invocation) error {
	return errors.New("refused by checkpoint: restore is asked for, want none; create the container again")
}
