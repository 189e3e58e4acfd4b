package runtime

import "github.com/bulkhead-dev/bulkhead/runtime/cgroup"

// Tree is the installation's cgroups, for whoever looks at the node.
func (rt *Runtime) Tree() *cgroup.Tree { return rt.tree }
