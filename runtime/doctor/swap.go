package doctor

import (
	"context"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
)

// limits.swap: whether the kernel accounts for swap by cgroup.
var _ = register(Check{"limits.swap", checkSwap})

func checkSwap(_ context.Context, n *Node) ([]Result, error) {
	switch {
	case !n.has("memory"):
		return nil, nil // said by controllers
	case n.Facts.SwapLimit:
		return ok("swap is accounted"), nil
	case !cgroup.Swapping():
		return ok("swap is not accounted, and the node has none"), nil
	}
	return []Result{{
		Level: Warning, What: "limits.swap " + cgroup.NoSwapAccount,
		Means: "a tenant at its memory limit swaps as much as the node has",
		Fix:   "boot with swapaccount=1, or without swap",
	}}, nil
}
