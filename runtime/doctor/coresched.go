package doctor

import (
	"context"
	"errors"
)

// coresched: whether two tenants run on the threads of one core at once.
var _ = register(Check{"coresched", checkCoreScheduling})

func checkCoreScheduling(_ context.Context, n *Node) ([]Result, error) {
	active, err := n.text("/sys/devices/system/cpu/smt/active")
	if err != nil {
		return nil, err
	}
	if active != "1" {
		return ok("no core has more than one thread: nobody shares one"), nil
	}
	r := Result{Level: Note, Means: "two tenants run on the threads of one core at once, and can see each other in its caches"}
	b, err := n.built()
	switch {
	case errors.Is(err, errNoConfig):
		return unknownBuild("core scheduling"), nil
	case err != nil:
		return nil, err
	case b["CONFIG_SCHED_CORE"] == "":
		r.What, r.Fix = "the kernel has no core scheduling", "boot with nosmt, or a kernel built with CONFIG_SCHED_CORE"
		return []Result{r}, nil
	}
	engines, err := n.engines()
	if err != nil {
		return nil, err
	}
	for _, e := range engines {
		if e.Kind == containerd && e.Pid != 0 && e.Env["SCHED_CORE"] == "" {
			r.What, r.Fix = "containerd does not ask for core scheduling", "SCHED_CORE=1 in containerd's environment, in a systemd drop-in, or boot with nosmt"
			return []Result{r}, nil
		}
	}
	return ok("the kernel has core scheduling"), nil
}
