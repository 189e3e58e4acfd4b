package doctor

import (
	"context"
)

// kill: how all of a tenant's processes are killed.
var _ = register(Check{"kill", checkKill})

func checkKill(_ context.Context, n *Node) ([]Result, error) {
	if n.v2() {
		has, err := n.Tree.KernelHas("cgroup.kill")
		if err != nil {
			return nil, err
		}
		if has {
			return ok("at once (cgroup.kill)"), nil
		}
	}
	if n.v2() || n.has("freezer") {
		return ok("frozen first, then one by one: the kernel has no cgroup.kill for it"), nil
	}
	return []Result{{
		Level: Failure, What: "a tenant can neither be frozen nor killed: the freezer is missing",
		Means: "a tenant that forks all the time cannot be stopped",
		Fix:   "mkdir -p /sys/fs/cgroup/freezer && mount -t cgroup -o freezer cgroup /sys/fs/cgroup/freezer",
	}}, nil
}
