package doctor

import (
	"context"
	"fmt"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
)

// limits.blockIO: what of the reads and writes of a tenant is limited.
var _ = register(Check{"limits.blockIO", checkBlockIO})

func checkBlockIO(_ context.Context, n *Node) ([]Result, error) {
	switch {
	case !n.v2() && !n.has("blkio"), n.v2() && !n.has("io"):
		return nil, nil // said by controllers
	case !n.v2():
		return []Result{{
			Level: Warning, What: "limits.blockIO " + cgroup.DirectIOPerContainer,
			Means: "a tenant of three containers may read three times its limit, and write more through the page cache",
			Fix:   toV2(),
		}}, nil
	}
	disks, err := cgroup.Disks()
	if err != nil {
		return nil, err
	}
	var all []Result
	for _, d := range disks {
		uncharged, err := cgroup.Uncharged(d.Major, d.Minor)
		if err != nil {
			return nil, err
		}
		for _, m := range uncharged {
			all = append(all, Result{
				Level: Warning, What: fmt.Sprintf("%s on %s does not say whose its buffered writes are", m.Type, d.Name),
				Means: "limits.blockIO does not hold for buffered writes below " + m.Point,
				Fix:   "keep what tenants write there on ext4, xfs, btrfs or f2fs, and ext4 not with data=journal",
			})
		}
	}
	if all != nil {
		return all, nil
	}
	return ok("holds for a tenant together, buffered writes included"), nil
}
