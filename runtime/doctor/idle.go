package doctor

import (
	"context"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
)

// priority: whether an idle tenant gets only what nobody else wants.
var _ = register(Check{"priority", checkIdle})

func checkIdle(_ context.Context, n *Node) ([]Result, error) {
	if !n.has("cpu") {
		return nil, nil // said by controllers
	}
	has, err := n.Tree.KernelHas("cpu.idle")
	if err != nil {
		return nil, err
	}
	if has {
		return ok("Idle runs on idle CPU only (cpu.idle)"), nil
	}
	return []Result{{
		Level: Warning, What: "Idle " + cgroup.NoIdle,
		Means: "a tenant of priority Idle takes some time from others that are busy",
		Fix:   "a kernel that has cpu.idle",
	}}, nil
}
