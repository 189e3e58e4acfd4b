package doctor

import (
	"context"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
)

// requests.memory: whether the kernel keeps memory for a tenant.
var _ = register(Check{"requests.memory", checkMemory})

func checkMemory(context.Context, *Node) ([]Result, error) {
	p, err := cgroup.MemoryProtection()
	if err != nil {
		return nil, err
	}
	r := Result{Level: Warning, Means: "a tenant's working set may be reclaimed for another tenant, and is not kept"}
	switch {
	case p == nil:
		r.What, r.Fix = "requests.memory "+cgroup.NoMemoryProtection, toV2()
	case p.Recursive:
		return ok("memory is kept for tenants and their containers"), nil
	case p.Offered:
		r.What, r.Fix = "requests.memory "+cgroup.NoChildProtection, p.Remount
	default:
		r.What, r.Fix = "requests.memory "+cgroup.NoChildProtection, "a kernel whose /sys/kernel/cgroup/features has memory_recursiveprot"
	}
	return []Result{r}, nil
}
