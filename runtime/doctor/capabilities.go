package doctor

import (
	"context"
	"slices"
	"strings"
)

// capabilities: those that root itself lacks where the node is a container.
var _ = register(Check{"capabilities", checkCapabilities})

// needs are what the lack of a capability means for tenants.
var needs = []struct {
	name  string
	level Level
	means string
}{
	{"CAP_SYS_ADMIN", Failure, "no container starts: namespaces and mounts cannot be made"},
	{"CAP_SYS_RESOURCE", Warning, "a container does not start that asks for hard rlimits above its engine's, or for an oomScoreAdj below it"},
	{"CAP_SETFCAP", Warning, "a container with a user namespace that maps the node's root does not start"},
	{"CAP_NET_ADMIN", Warning, "engines cannot connect containers to a network"},
	{"CAP_SYS_PTRACE", Warning, "verify cannot look at processes of other users"},
}

func checkCapabilities(_ context.Context, n *Node) ([]Result, error) {
	var all []Result
	for _, c := range needs {
		if slices.Contains(n.Facts.Capabilities, c.name) {
			continue
		}
		all = append(all, Result{
			Level: c.level, What: c.name + " is missing from root's bounding set", Means: c.means,
			Fix: "give it to whatever started this node: --cap-add " + strings.TrimPrefix(c.name, "CAP_"),
		})
	}
	if all == nil {
		return ok("root may raise limits and lower OOM scores (CAP_SYS_RESOURCE), and has what engines need"), nil
	}
	return all, nil
}
