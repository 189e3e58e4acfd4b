package shim

import (
	"context"
	"fmt"
	"syscall"

	taskv3 "github.com/containerd/containerd/api/runtime/task/v3"
	ptypes "github.com/containerd/containerd/v2/pkg/protobuf/types"
	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
)

// Kill never reads policy. Of a sandbox two things differ from what upstream's
// service takes for granted (containerd 2.4.2, process/utils.go, checkKillError,
// and process/exec.go): that it has ended is said in other words than runc's,
// and a further process is one of its own kernel, which outlives the program on
// the node that waits for it.
func (s *service) Kill(ctx context.Context, r *taskv3.KillRequest) (*ptypes.Empty, error) {
	c, err := caller(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if !s.rt.Sandboxed(c) {
		return s.TTRPCTaskService.Kill(ctx, r)
	}
	if r.ExecID != "" && s.rt.KillInSandbox(ctx, c, r.ExecID, syscall.Signal(r.Signal)) == nil {
		return &ptypes.Empty{}, nil // whoever waits for it ends with it
	}
	res, err := s.TTRPCTaskService.Kill(ctx, r)
	if err == nil || r.ExecID != "" {
		return res, err
	}
	switch ended, failed := s.rt.EndSandbox(c, syscall.Signal(r.Signal)); {
	case failed != nil:
		return nil, err
	case ended:
		return nil, errgrpc.ToGRPC(fmt.Errorf("process already finished: %w", errdefs.ErrNotFound))
	}
	return &ptypes.Empty{}, nil
}
