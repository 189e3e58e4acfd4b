package shim

import (
	"context"
	"sync"

	taskv3 "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/log"

	"github.com/bulkhead-dev/bulkhead/runtime"
)

// Start raises the walls around the container's network first: by now every
// engine has plugged its interfaces.
func (s *service) Start(ctx context.Context, r *taskv3.StartRequest) (*taskv3.StartResponse, error) {
	if r.ExecID != "" {
		return s.TTRPCTaskService.Start(ctx, r)
	}
	c, err := caller(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if err := s.rt.Wall(c); err != nil {
		return nil, refusal(err)
	}
	s.watches.begin(s.rt, c)
	res, err := s.TTRPCTaskService.Start(ctx, r)
	if err != nil {
		s.watches.end(c.ID)
	}
	return res, err
}

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
