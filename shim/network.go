package shim

import (
	"context"
	"sync"

	"github.com/containerd/log"

	"github.com/bulkhead-dev/bulkhead/runtime"
)

// watches look at the interfaces of this shim's containers.
type watches struct{ running sync.Map } // by container: context.CancelFunc

func (w *watches) begin(rt *runtime.Runtime, c runtime.Caller) {
	ctx, cancel := context.WithCancel(context.Background())
	if before, ok := w.running.Swap(c.ID, cancel); ok {
		before.(context.CancelFunc)()
	}
	failed := func(err error) { log.L.WithError(err).Error("raise walls around a new interface") }
	go func() {
		if err := rt.WatchNetwork(ctx, c, failed); err != nil {
			log.L.WithError(err).Error("watch the container's network")
		}
	}()
}

// end lets go of the container's network namespace.
func (w *watches) end(id string) {
	if cancel, ok := w.running.LoadAndDelete(id); ok {
		cancel.(context.CancelFunc)()
	}
}
