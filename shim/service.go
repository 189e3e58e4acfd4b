package shim

import (
	"context"
	"sync"

	taskv3 "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/ttrpc"

	"github.com/bulkhead-dev/bulkhead/runtime"
)

// service guards upstream's task service: the calls that bring something to
// decide have a file each, the others are upstream's own.
type service struct {
	taskv3.TTRPCTaskService
	rt      *runtime.Runtime
	leaves  *leaves
	watches watches
}

func newService(inner taskv3.TTRPCTaskService, rt *runtime.Runtime, l *leaves) *service {
	return &service{TTRPCTaskService: inner, rt: rt, leaves: l}
}

// caller names a container of the engine's realm that this shim serves.
func caller(ctx context.Context, id string) (runtime.Caller, error) {
	ns, err := namespaces.NamespaceRequired(ctx)
	return runtime.Caller{Namespace: ns, ID: id}, err
}

// RegisterTTRPC serves version 3 of the task API, and version 2, which has the
// same messages, for containerd before 2.0 and for an engine that is replaced
// under a running shim (containerd issue 10888).
func (s *service) RegisterTTRPC(server *ttrpc.Server) error {
	taskv3.RegisterTTRPCTaskService(server, s)
	server.RegisterService("containerd.task.v2.Task", &ttrpc.ServiceDesc{Methods: map[string]ttrpc.Method{
		"State":      method(s.State),
		"Create":     method(s.Create),
		"Start":      method(s.Start),
		"Delete":     method(s.Delete),
		"Pids":       method(s.Pids),
		"Pause":      method(s.Pause),
		"Resume":     method(s.Resume),
		"Checkpoint": method(s.Checkpoint),
		"Kill":       method(s.Kill),
		"Exec":       method(s.Exec),
		"ResizePty":  method(s.ResizePty),
		"CloseIO":    method(s.CloseIO),
		"Update":     method(s.Update),
		"Wait":       method(s.Wait),
		"Stats":      method(s.Stats),
		"Connect":    method(s.Connect),
		"Shutdown":   method(s.Shutdown),
	}})
	return nil
}

func method[Q, R any](call func(context.Context, *Q) (*R, error)) ttrpc.Method {
	return func(ctx context.Context, unmarshal func(any) error) (any, error) {
		q := new(Q)
		if err := unmarshal(q); err != nil {
			return nil, err
		}
		return call(ctx, q)
	}
}

// leaves holds the cgroup of each container of this shim, for the attribution
// of out-of-memory kills.
type leaves struct{ paths sync.Map }

func (l *leaves) of(id string) (string, bool) {
	path, ok := l.paths.Load(id)
	if !ok {
		return "", false
	}
	return path.(string), true
}
