package shim

import (
	"context"
	"encoding/json"
	"fmt"

	taskv3 "github.com/containerd/containerd/api/runtime/task/v3"
	ptypes "github.com/containerd/containerd/v2/pkg/protobuf/types"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// Exec narrows a further process. It arrives as the engine sees the container,
// before any rewrite: `docker exec --privileged` asks for every capability.
func (s *service) Exec(ctx context.Context, r *taskv3.ExecProcessRequest) (*ptypes.Empty, error) {
	c, err := caller(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if s.rt.Passes(c) {
		return s.TTRPCTaskService.Exec(ctx, r)
	}
	asked := new(specs.Process)
	if err := spec.Decode(r.GetSpec().GetValue(), asked); err != nil {
		return nil, refusal(fmt.Errorf("read the process to execute: %w", err))
	}
	asked.Terminal = r.Terminal
	stdio := isolator.Stdio{Stdin: r.Stdin, Stdout: r.Stdout, Stderr: r.Stderr, Terminal: r.Terminal}
	p, err := s.rt.Exec(ctx, c, asked, stdio)
	if err != nil {
		return nil, refusal(err)
	}
	data, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	r.Spec = &anypb.Any{TypeUrl: r.Spec.TypeUrl, Value: data}
	return s.TTRPCTaskService.Exec(ctx, r)
}
