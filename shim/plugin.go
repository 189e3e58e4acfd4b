package shim

import (
	"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2/task"
	ctrshim "github.com/containerd/containerd/v2/pkg/shim"
	"github.com/containerd/containerd/v2/pkg/shutdown"
	"github.com/containerd/containerd/v2/plugins"
	"github.com/containerd/plugin"
	"github.com/containerd/plugin/registry"

	"github.com/bulkhead-dev/bulkhead/runtime"
)

// registerTaskService puts the guarded service where upstream's would be: its
// own plugin package is not imported, and the id is the same.
func registerTaskService(rt *runtime.Runtime) {
	registry.Register(&plugin.Registration{
		Type:     plugins.TTRPCPlugin,
		ID:       "task",
		Requires: []plugin.Type{plugins.EventPlugin, plugins.InternalPlugin},
		InitFn: func(ic *plugin.InitContext) (any, error) {
			publisher, err := ic.GetByID(plugins.EventPlugin, "publisher")
			if err != nil {
				return nil, err
			}
			sd, err := ic.GetByID(plugins.InternalPlugin, "shutdown")
			if err != nil {
				return nil, err
			}
			leaves := new(leaves)
			held := newOOMPublisher(publisher.(ctrshim.Publisher), leaves.of)
			inner, err := task.NewTaskService(ic.Context, held, sd.(shutdown.Service))
			if err != nil {
				return nil, err
			}
			return newService(inner, rt, leaves), nil
		},
	})
}
