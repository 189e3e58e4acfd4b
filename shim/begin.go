package shim

import (
	"context"

	taskv3 "github.com/containerd/containerd/api/runtime/task/v3"
)

// Start prepares the network of a container that takes it for itself, and raises
// the walls around it: by now every engine has plugged its interfaces.
func (s *service) Start(ctx context.Context, r *taskv3.StartRequest) (*taskv3.StartResponse, error) {
	if r.ExecID != "" {
		return s.TTRPCTaskService.Start(ctx, r)
	}
	c, err := caller(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if err := s.rt.Starting(c); err != nil {
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
