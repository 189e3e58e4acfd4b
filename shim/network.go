package shim

import (
	"context"
	"sync"

	"github.com/containerd/log"

	"github.com/bulkhead-dev/bulkhead/runtime"
)

// watches keep up the walls of this shim's containers.
type watches struct{ running sync.Map } // by container: watching

type watching struct {
	*runtime.Watch
	cancel context.CancelFunc
}

func (w *watches) begin(id string, watch *runtime.Watch) {
	ctx, cancel := context.WithCancel(context.Background())
	if before, ok := w.running.Swap(id, watching{watch, cancel}); ok {
		before.(watching).end()
	}
	failed := func(err error) { log.L.WithError(err).Error("raise walls around a new interface") }
	go func() {
		if err := watch.Run(ctx, failed); err != nil {
			log.L.WithError(err).Error("watch the container's network")
		}
	}()
}

// end lets go of the container's network namespace.
func (w *watches) end(id string) {
	if watch, ok := w.running.LoadAndDelete(id); ok {
		watch.(watching).end()
	}
}

func (w watching) end() {
	w.cancel()
	if err := w.End(); err != nil {
		log.L.WithError(err).Error("take the guard of the container's network away")
	}
}
