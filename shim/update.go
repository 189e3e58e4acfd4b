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
)

// Update keeps new resources within the tenant. The delegate is sent the full
// set, so that nothing that arrives apart escapes.
func (s *service) Update(ctx context.Context, r *taskv3.UpdateTaskRequest) (*ptypes.Empty, error) {
	c, err := caller(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if s.rt.Passes(c) {
		return s.TTRPCTaskService.Update(ctx, r)
	}
	update := new(specs.LinuxResources)
	if err := spec.Decode(r.GetResources().GetValue(), update); err != nil {
		return nil, refusal(fmt.Errorf("read the resources to set: %w", err))
	}
	var res *ptypes.Empty
	err = s.rt.Update(ctx, c, update, func(full *specs.LinuxResources) error {
		data, err := json.Marshal(full)
		if err != nil {
			return err
		}
		r.Resources = &anypb.Any{TypeUrl: r.Resources.TypeUrl, Value: data}
		r.Annotations = nil // upstream reads none (containerd 2.4.2, runc/container.go)
		res, err = s.TTRPCTaskService.Update(ctx, r)
		return err
	})
	return res, refusal(err)
}
