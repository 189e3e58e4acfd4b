package shim

import (
	"context"

	taskv3 "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/api/types/task"
)

// Pids of a container in a sandbox is the sandbox's: its own processes have
// numbers of its own kernel, which are somebody else's on the node, whose
// command lines Docker would show.
func (s *service) Pids(ctx context.Context, r *taskv3.PidsRequest) (*taskv3.PidsResponse, error) {
	c, err := caller(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if !s.rt.Sandboxed(c) {
		return s.TTRPCTaskService.Pids(ctx, r)
	}
	state, err := s.State(ctx, &taskv3.StateRequest{ID: r.ID})
	if err != nil {
		return nil, err
	}
	return &taskv3.PidsResponse{Processes: []*task.ProcessInfo{{Pid: state.Pid}}}, nil
}
