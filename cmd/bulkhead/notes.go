package main

import (
	"fmt"
	"io"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// showNotes says of each tenant named what this node does not enforce of it, and
// what of a change waits for new containers.
func showNotes(w io.Writer, e *compile.Edited, named []*compile.Object) error {
	var before *tenant.Store
	if e.From != "" {
		before, _ = tenant.OpenVersion(here(), e.From) // of a version that is gone nothing can be said
	}
	rt := runtime.New(here(), runtime.Execute)
	for _, o := range named {
		if o.Tenant == nil {
			continue
		}
		var was *tenant.Policy
		if before != nil {
			was, _ = before.Tenant(o.Name()) // absent: it is new
		}
		notes, err := rt.Notes(e.Compiled.Node, e.Compiled.Tenants, o.Name(), was)
		if err != nil {
			return err
		}
		for _, n := range notes {
			fmt.Fprintf(w, "bulkhead: note: %s: %s: %s\n", o.Ref(), n.Key, n.What)
		}
	}
	return nil
}
