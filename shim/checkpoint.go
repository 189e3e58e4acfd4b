package shim

import (
	"context"

	taskv3 "github.com/containerd/containerd/api/runtime/task/v3"
	ptypes "github.com/containerd/containerd/v2/pkg/protobuf/types"
)

// Checkpoint is refused for a tenant: CRIU writes the image as root into a
// folder that the client names, and no restore of it would be accepted.
func (s *service) Checkpoint(ctx context.Context, r *taskv3.CheckpointTaskRequest) (*ptypes.Empty, error) {
	c, err := caller(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if err := s.rt.Checkpoint(c); err != nil {
		return nil, refusal(err)
	}
	return s.TTRPCTaskService.Checkpoint(ctx, r)
}
