package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// glass: tenants whose glass is broken (bulkhead break-glass).
var _ = register(Check{"glass", checkGlass})

func checkGlass(_ context.Context, n *Node) ([]Result, error) {
	found, err := runtime.Glasses(n.Root)
	if err != nil {
		return nil, err
	}
	var all []Result
	for _, f := range found {
		end := "bulkhead break-glass --end --tenant " + f.Tenant
		switch {
		case f.Glass != nil:
			all = append(all, Result{
				Level: Failure, What: fmt.Sprintf("broken for tenant %s until %s: %s", f.Tenant, f.Glass.Until.Local().Format(time.DateTime), f.Glass.Reason),
				Means: "its containers start as asked, and are only logged",
				Fix:   end,
			})
		case !errors.Is(f.Why, tenant.ErrGlassEnded):
			all = append(all, Result{
				Level: Warning, What: f.Why.Error(),
				Means: "somebody made a file by hand where broken glasses are; the tenant is enforced",
				Fix:   end,
			})
		}
	}
	if all == nil {
		return ok("whole for every tenant"), nil
	}
	return all, nil
}
