package shim

import (
	"context"
	"errors"
	"syscall"

	taskv3 "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/log"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// Create decides what the engine asks for and hands the result to upstream's
// service, which starts the delegate on the rewritten bundle.
func (s *service) Create(ctx context.Context, r *taskv3.CreateTaskRequest) (*taskv3.CreateTaskResponse, error) {
	c, err := caller(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	c.Bundle = r.Bundle
	asked, err := request(r)
	if err != nil {
		return nil, refusal(err)
	}
	if c.Pinned, err = pinnedTenant(s.rt.Root(), c.Namespace, r.Options); err != nil {
		return nil, refusal(err)
	}
	accepted, err := s.rt.Create(ctx, c, asked)
	if err != nil {
		return nil, refusal(err)
	}
	defer accepted.Close()
	if r.Options, err = encodeOptions(accepted.Request.Options); err != nil {
		return nil, errors.Join(err, accepted.Undo())
	}
	if path := accepted.Leaf(); path != "" {
		s.leaves.paths.Store(r.ID, path)
	}
	res, err := s.TTRPCTaskService.Create(ctx, r)
	if err != nil {
		s.leaves.paths.Delete(r.ID)
		if undo := accepted.Undo(); undo != nil {
			log.G(ctx).WithError(undo).Error("undo a container that the delegate did not create")
		}
		return nil, err
	}
	if err := accepted.Confirm(int(res.Pid)); err != nil {
		return nil, refusal(errors.Join(err, s.discard(ctx, r.ID)))
	}
	if err := accepted.OpenPing(int(res.Pid)); err != nil {
		log.G(ctx).WithError(err).Warn("ping needs CAP_NET_RAW in this container")
	}
	if err := accepted.Started(ctx, int(res.Pid)); err != nil {
		log.G(ctx).WithError(err).Error("record the container's process")
	}
	return res, nil
}

// discard takes a container away that the delegate made and that must not start.
func (s *service) discard(ctx context.Context, id string) error {
	_, err := s.TTRPCTaskService.Kill(ctx, &taskv3.KillRequest{ID: id, Signal: uint32(syscall.SIGKILL), All: true})
	if err != nil {
		log.G(ctx).WithError(err).Error("kill a container that must not start")
	}
	_, err = s.Delete(ctx, &taskv3.DeleteRequest{ID: id}) // runc kills it if that did not
	return err
}

// request collects everything that a Create brings, except the spec, which is
// in the bundle.
func request(r *taskv3.CreateTaskRequest) (*isolator.Request, error) {
	asked := &isolator.Request{
		Stdio:      isolator.Stdio{Stdin: r.Stdin, Stdout: r.Stdout, Stderr: r.Stderr, Terminal: r.Terminal},
		Checkpoint: isolator.Checkpoint{Image: r.Checkpoint, Parent: r.ParentCheckpoint},
	}
	for _, m := range r.Rootfs {
		asked.Rootfs = append(asked.Rootfs, isolator.Mount{Type: m.Type, Source: m.Source, Target: m.Target, Options: m.Options})
	}
	var err error
	asked.Options, err = decodeOptions(r.Options)
	return asked, err
}
