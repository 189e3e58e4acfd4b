package doctor

import (
	"context"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
)

// cpus: whether tenants can have cores of their own.
var _ = register(Check{"cpus", checkCPUs})

func checkCPUs(_ context.Context, n *Node) ([]Result, error) {
	switch {
	case !n.has("cpuset"):
		return nil, nil // said by controllers
	case cgroup.Kubelet():
		return []Result{{
			Level: Warning, What: "the kubelet decides which CPUs its pods use: the node has its cgroup kubepods",
			Means: "cpus: Exclusive is refused",
			Fix:   "cores of one's own come from the kubelet here: --cpu-manager-policy=static and pods of the class Guaranteed",
		}}, nil
	}
	return ok("Exclusive can be had"), nil
}
