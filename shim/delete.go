package shim

import (
	"context"
	"os"
	"path/filepath"

	taskv3 "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2/manager"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	ctrshim "github.com/containerd/containerd/v2/pkg/shim"
	"github.com/containerd/log"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// Delete releases what a container has on the host once its delegate has
// removed it. It never reads policy and never fails for Bulkhead's part.
func (s *service) Delete(ctx context.Context, r *taskv3.DeleteRequest) (*taskv3.DeleteResponse, error) {
	res, err := s.TTRPCTaskService.Delete(ctx, r)
	if err != nil || r.ExecID != "" {
		return res, err
	}
	s.leaves.paths.Delete(r.ID)
	c, err := caller(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if err := s.rt.Release(record.Scope(c.Namespace), c.ID); err != nil {
		log.G(ctx).WithError(err).Error("release the container")
	}
	return res, nil
}

// Stop cleans up after a shim that is gone: upstream's part first, then ours,
// whatever became of the first. containerd keeps the bundle of a container
// whose Stop failed, so ours is only logged; `bulkhead gc` does it again.
func (m *engineManager) Stop(ctx context.Context, id string) (ctrshim.StopStatus, error) {
	ns, err := namespaces.NamespaceRequired(ctx)
	if err != nil {
		return ctrshim.StopStatus{}, err
	}
	status, err := manager.NewShimManager(Name).Stop(ctx, id)
	removeDeadSocket(id)
	if err := m.rt.Release(record.Scope(ns), id); err != nil {
		log.G(ctx).WithError(err).Error("release the container")
	}
	return status, err
}

// removeDeadSocket removes the socket of a shim that was killed: nobody else
// does (containerd 2.4.2, pkg/shim/shim.go, "might be leaking"). One that
// answers serves other containers of its group.
func removeDeadSocket(id string) {
	bundle, err := os.Getwd()
	if err != nil {
		return
	}
	// As upstream's Stop: the action may run in the bundle of another container.
	address, err := ctrshim.ReadAddress(filepath.Join(filepath.Dir(bundle), id, "address"))
	if err == nil && !ctrshim.CanConnect(address) {
		_ = ctrshim.RemoveSocket(address) // gone already is as good
	}
}
