package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// pass hands a command to the delegate that brings nothing to decide. It reads
// no policy where the container is recorded, and is never refused.
func pass(ctx context.Context, inv *invocation) error {
	m, err := inv.find(ctx, passedID(inv.args))
	if err != nil {
		return err
	}
	args := append(inv.global(m.stateFolder), inv.verb)
	return runtime.Become(m.delegate, append(args, inv.args...)...)
}

// passedID is the first word that is no flag; flags with values are followed by
// theirs only where no id comes after.
func passedID(args []string) string {
	f := flags("")
	for _, name := range []string{"all", "a", "force", "f", "stats", "quiet", "q"} {
		f.Bool(name, false, "")
	}
	for _, name := range []string{"format", "interval"} {
		f.String(name, "", "")
	}
	if f.Parse(args) != nil {
		return ""
	}
	return f.Arg(0)
}

// find says which delegate has a container, and in which state folder: its own
// of Bulkhead's or, for one that was made before Bulkhead was here, the
// engine's.
func (inv *invocation) find(ctx context.Context, id string) (made, error) {
	c := inv.caller(id, "")
	m := made{stateFolder: inv.rt.StateFolder(c), Caller: c}
	if r, err := record.Load(inv.rt.Root(), c.Scope(), id); err == nil {
		m.delegate, m.stateFolder = r.Delegate, r.StateRoot
		return m, nil
	}
	if _, err := os.Lstat(filepath.Join(m.stateFolder, id)); errors.Is(err, fs.ErrNotExist) {
		m.stateFolder = inv.root
	}
	d, err := inv.rt.DefaultDelegate(ctx)
	if err == nil {
		m.delegate = d.Path
	}
	return m, err
}

// plain runs a command of the delegate that is about no container.
func plain(ctx context.Context, inv *invocation) error {
	d, err := inv.rt.DefaultDelegate(ctx)
	if err != nil {
		return err
	}
	return runtime.Become(d.Path, append([]string{inv.verb}, inv.args...)...)
}
