package runtime

import (
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// Checkpoint reports whether an image of a running container may be written.
func (rt *Runtime) Checkpoint(c Caller) error {
	r, err := record.Load(rt.root, c.Scope(), c.ID)
	if err != nil {
		return err
	}
	if enforced, _ := rt.enforced(r); !enforced {
		return nil
	}
	return isolator.Denials{{Isolator: "checkpoint", Path: "checkpoint", Got: "asked for", Want: "none", Allow: isolator.Nothing}}
}
