package shim

import (
	"context"
	"errors"
	"time"

	taskv3 "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/log"

	"github.com/bulkhead-dev/bulkhead/runtime"
)

// Start prepares the network of a container that takes it for itself, and raises
// the walls around it, before its first process runs. By now an engine has
// plugged it: Docker since 28 and `ctr --cni` do so between
// Create and Start.
func (s *service) Start(ctx context.Context, r *taskv3.StartRequest) (*taskv3.StartResponse, error) {
	if r.ExecID != "" {
		return s.TTRPCTaskService.Start(ctx, r)
	}
	c, err := caller(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	watch, err := s.begin(c)
	if err != nil {
		return nil, refusal(errors.Join(err, s.withdraw(ctx, r.ID)))
	}
	s.watches.begin(c.ID, watch)
	res, err := s.TTRPCTaskService.Start(ctx, r)
	if err != nil {
		s.watches.end(c.ID)
	}
	return res, err
}

func (s *service) begin(c runtime.Caller) (*runtime.Watch, error) {
	if err := s.rt.Starting(c); err != nil {
		return nil, err
	}
	return s.rt.Watch(c)
}

// answered is when an engine has the answer to a call, and has had time to delete
// the task.
const answered = time.Second

// withdraw takes a container away that must not start, and then this shim, if it
// has no other. Docker 20.10 does not delete a task that did not start; containerd
// does, when the shim has gone.
func (s *service) withdraw(ctx context.Context, id string) error {
	time.AfterFunc(answered, func() {
		ctx := context.WithoutCancel(ctx)
		if _, err := s.TTRPCTaskService.Shutdown(ctx, &taskv3.ShutdownRequest{ID: id, Now: true}); err != nil {
			log.G(ctx).WithError(err).Error("end the shim of a container that must not start")
		}
	})
	return s.discard(ctx, id)
}
