package doctor

import (
	"context"
	"fmt"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
)

// cgroups: which kind the node has, and who makes tenants' cgroups.
var _ = register(Check{"cgroups", checkCgroups})

func checkCgroups(_ context.Context, n *Node) ([]Result, error) {
	kind := map[string]string{
		"v1": "v1", "v2": "v2", "hybrid": "v1, beside a v2 that limits nothing (hybrid)",
	}[n.Facts.Cgroup]
	made := "directories (cgroupfs)"
	if cgroup.Driver() == "systemd" {
		made = "slices of systemd"
	}
	binds, err := cgroup.Nests()
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("cgroup %s; tenants are %s", kind, made)
	if !binds {
		return []Result{{
			Level: Failure,
			What:  what + "; memory.use_hierarchy is off",
			Means: "a tenant's memory limit would not bind its containers, so none starts",
			Fix:   "echo 1 > /sys/fs/cgroup/memory/memory.use_hierarchy before anything makes a cgroup, or " + toV2(),
		}}, nil
	}
	return ok("%s", what), nil
}
