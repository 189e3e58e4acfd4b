package doctor

import (
	"context"
	"slices"
	"strings"
)

// seccomp: whether system calls can be filtered.
var _ = register(Check{"seccomp", checkSeccomp})

func checkSeccomp(_ context.Context, n *Node) ([]Result, error) {
	actions, err := n.text("/proc/sys/kernel/seccomp/actions_avail")
	if err != nil {
		return nil, err
	}
	have := strings.Fields(actions)
	if slices.Contains(have, "errno") && slices.Contains(have, "kill_process") {
		return ok("filters of system calls hold"), nil
	}
	return []Result{{
		Level: Failure, What: "the kernel filters no system calls",
		Means: "no tenant below level privileged runs: runc refuses a filter that it cannot load",
		Fix:   "a kernel built with CONFIG_SECCOMP_FILTER",
	}}, nil
}
