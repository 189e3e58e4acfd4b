package runtime

import (
	"path/filepath"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// A Plug connects a network namespace by CNI, or disconnects it. The operator's
// program does it for a shim, which would grow by all of libcni for what is done
// once for a tenant; plugins are that program's children, whose exits nobody
// else takes.
type Plug struct {
	Add       bool   `json:"add"`
	ID        string `json:"id"`        // CNI's "container"
	Namespace string `json:"namespace"` // path
	Conflist  string `json:"conflist"`  // path of the configuration list
	Cache     string `json:"cache"`     // folder for what CNI has to remember between both
}

func plugIn(folder string) string { return filepath.Join(folder, "conflist") }

func plugOf(root tenant.Root, name string, add bool) Plug {
	folder := networkOf(root, name)
	id := "bulkhead"
	if in := root.Installation(); in != "" {
		id += "_" + in
	}
	return Plug{Add: add, ID: id + "." + name, Namespace: networkIn(folder), Conflist: plugIn(folder), Cache: filepath.Join(folder, "cni")}
}

func (rt *Runtime) orderPlug(name string, add bool) error {
	return rt.order("plug", "NodePolicy.network.conflist is carried out by %s", plugOf(rt.root, name, add))
}
