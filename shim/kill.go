package shim

import (
	"context"
	"fmt"
	"strings"

	taskv3 "github.com/containerd/containerd/api/runtime/task/v3"
	ptypes "github.com/containerd/containerd/v2/pkg/protobuf/types"
	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
)

// Kill never reads policy. That a sandbox has ended is what engines know as a
// process that is not there, and take for done; upstream's service knows only
// runc's words for it (containerd 2.4.2, process/utils.go, checkKillError).
func (s *service) Kill(ctx context.Context, r *taskv3.KillRequest) (*ptypes.Empty, error) {
	res, err := s.TTRPCTaskService.Kill(ctx, r)
	if err != nil && strings.Contains(err.Error(), "sandbox is not running") {
		err = errgrpc.ToGRPC(fmt.Errorf("process already finished: %w", errdefs.ErrNotFound))
	}
	return res, err
}
