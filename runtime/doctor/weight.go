package doctor

import (
	"context"
	"fmt"
	"slices"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
)

// weight: which disks are shared by it. CPU always is.
var _ = register(Check{"weight", checkWeight})

func checkWeight(_ context.Context, n *Node) ([]Result, error) {
	file := "blkio.bfq.weight"
	if n.v2() {
		file = "io.bfq.weight"
	}
	disks, err := cgroup.Disks()
	if err != nil {
		return nil, err
	}
	var all []Result
	for _, d := range disks {
		weighs := false // a kernel may have bfq without its cgroups
		if d.Scheduler == "bfq" {
			if weighs, err = n.Tree.KernelHas(file); err != nil {
				return nil, err
			}
		}
		all = append(all, weightOf(d, weighs))
	}
	return all, nil
}

func weightOf(d cgroup.BlockDevice, bfqWeighs bool) Result {
	switch {
	case d.CostModel:
		return ok("%s is shared by weight (io.cost)", d.Name)[0]
	case d.Scheduler == "bfq" && bfqWeighs:
		return ok("%s is shared by weight (bfq)", d.Name)[0]
	}
	r := Result{
		Level: Warning, What: d.Name + " has no scheduler",
		Means: "who of the tenants reads and writes " + d.Name + " first does not follow from their weight; limits.blockIO does not need it",
	}
	if d.Scheduler != "" {
		r.What = fmt.Sprintf("%s is not shared by weight: its scheduler is %s", d.Name, d.Scheduler)
	}
	load := ""
	if !slices.Contains(d.Schedulers, "bfq") {
		load = "modprobe bfq && "
	}
	r.Fix = fmt.Sprintf("%secho bfq > /sys/block/%s/queue/scheduler", load, d.Name)
	if d.Scheduler == "bfq" {
		r.Fix = "a kernel built with CONFIG_BFQ_GROUP_IOSCHED"
	}
	if d.CostOffered {
		r.Fix += fmt.Sprintf(`, or: echo "%d:%d enable=1" > /sys/fs/cgroup/io.cost.qos`, d.Major, d.Minor)
	}
	return r
}
