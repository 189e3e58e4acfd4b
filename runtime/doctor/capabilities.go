package doctor

import (
	"context"
	"slices"
)

// capabilities: those that root itself lacks where the node is a container.
var _ = register(Check{"capabilities", checkCapabilities})

func checkCapabilities(_ context.Context, n *Node) ([]Result, error) {
	if slices.Contains(n.Facts.Capabilities, "CAP_SYS_RESOURCE") {
		return ok("root may raise limits and lower OOM scores (CAP_SYS_RESOURCE)"), nil
	}
	return []Result{{
		Level: Warning, What: "CAP_SYS_RESOURCE is missing from root's bounding set",
		Means: "a container does not start that asks for hard rlimits above its engine's, or for an oomScoreAdj below it",
		Fix:   "give it to whatever started this node: --cap-add SYS_RESOURCE",
	}}, nil
}
