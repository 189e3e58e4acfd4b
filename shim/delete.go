package shim

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

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
	s.watches.end(r.ID)
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
	bundle, err := siblingBundle(id)
	if err != nil {
		return ctrshim.StopStatus{}, err
	}
	status, err := stopDelegate(ctx, bundle, id)
	removeDeadSocket(bundle)
	if err := m.rt.Release(record.Scope(ns), id); err != nil {
		log.G(ctx).WithError(err).Error("release the container")
	}
	return status, err
}

// siblingBundle is where a container's bundle is, by upstream's own rule: the
// action may run in the bundle of another container.
func siblingBundle(id string) (string, error) {
	dir, err := os.Getwd()
	return filepath.Join(filepath.Dir(dir), id), err
}

// stopDelegate is upstream's part. A container that was refused never came to
// the delegate, and upstream would ask the one of PATH to delete what it has of
// that name in its default folder, which is another engine's.
func stopDelegate(ctx context.Context, bundle, id string) (ctrshim.StopStatus, error) {
	if _, err := os.Lstat(filepath.Join(bundle, "options.json")); errors.Is(err, fs.ErrNotExist) {
		return ctrshim.StopStatus{ExitedAt: time.Now(), ExitStatus: 128 + int(syscall.SIGKILL)}, nil
	}
	return manager.NewShimManager(Name).Stop(ctx, id)
}

// removeDeadSocket removes the socket of a shim that was killed: nobody else
// does (containerd 2.4.2, pkg/shim/shim.go, "might be leaking"). One that
// answers serves other containers of its group.
func removeDeadSocket(bundle string) {
	address, err := ctrshim.ReadAddress(filepath.Join(bundle, "address"))
	if err == nil && !ctrshim.CanConnect(address) {
		_ = ctrshim.RemoveSocket(address) // gone already is as good
	}
}
