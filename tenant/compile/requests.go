package compile

import (
	"fmt"
	"math"
	"strings"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// amounts compiles what is kept for somebody; zero is nothing.
func (k *compiler) amounts(o *Object, section string, r *v1alpha1.Requests) tenant.Amounts {
	var out tenant.Amounts
	if r.CPU != nil && !r.CPU.IsZero() {
		if milli := k.milli(o, section+".cpu", r.CPU); milli != nil {
			out.CPUMilli = *milli
		}
	}
	if r.Memory != nil && !r.Memory.IsZero() {
		if bytes := k.memory(o, section+".memory", r.Memory); bytes != nil {
			out.MemoryBytes = *bytes
		}
	}
	return out
}

// requests compiles what is kept for one tenant, without those below it.
func (k *compiler) requests(o *Object, r *v1alpha1.Requests, p *tenant.Policy) tenant.Amounts {
	out := k.amounts(o, "spec.requests", r)
	k.atMost(o, "cpu", &out.CPUMilli, p.Limits.CPUMilli, inCPUs)
	k.atMost(o, "memory", &out.MemoryBytes, p.Limits.MemoryBytes, inBytes)
	return out
}

// atMost refuses a request above the tenant's own limit, and counts it as the
// limit from then on.
func (k *compiler) atMost(o *Object, name string, request, limit *int64, show func(int64) string) {
	if limit == nil || *request <= *limit {
		return
	}
	limitKey := "spec.limits." + name
	k.bad(o, "spec.requests."+name, fmt.Sprintf("is %s, above %s, which is %s%s; lower it or raise %s",
		show(*request), limitKey, show(*limit), k.origin(o, limitKey), limitKey))
	*request = *limit
}

// carry makes a tenant's requests those of all below it, if they are more than
// its own: the kernel keeps memory for a cgroup only as far as all above it
// have as much kept. Source: Documentation/admin-guide/cgroup-v2.rst,
// memory.min.
func (k *compiler) carry(o *Object) tenant.Amounts {
	p := k.policy(o)
	var sum tenant.Amounts
	var who []string
	for _, child := range k.children[o] {
		r := k.carry(child)
		if r != (tenant.Amounts{}) {
			who = append(who, child.Name())
		}
		sum = plus(sum, r)
	}
	for _, a := range []struct {
		name  string
		sum   *int64
		limit *int64
		show  func(int64) string
	}{
		{"cpu", &sum.CPUMilli, p.Limits.CPUMilli, inCPUs},
		{"memory", &sum.MemoryBytes, p.Limits.MemoryBytes, inBytes},
	} {
		if a.limit == nil || *a.sum <= *a.limit {
			continue
		}
		k.bad(o, "spec.limits."+a.name, fmt.Sprintf("is %s, below the %s that those below it request together (%s); raise it or lower their requests.%s",
			a.show(*a.limit), a.show(*a.sum), strings.Join(who, ", "), a.name))
		*a.sum = *a.limit
	}
	p.Requests.CPUMilli = max(p.Requests.CPUMilli, sum.CPUMilli)
	p.Requests.MemoryBytes = max(p.Requests.MemoryBytes, sum.MemoryBytes)
	return p.Requests
}

// carryAll adds up the requests of all tenants.
func (k *compiler) carryAll(tenants []*Object) tenant.Amounts {
	var sum tenant.Amounts
	for _, o := range tenants {
		if k.parents[o] == nil {
			sum = plus(sum, k.carry(o))
		}
	}
	return sum
}

func plus(a, b tenant.Amounts) tenant.Amounts {
	return tenant.Amounts{CPUMilli: add(a.CPUMilli, b.CPUMilli), MemoryBytes: add(a.MemoryBytes, b.MemoryBytes)}
}

// add adds what is not negative; a sum that does not fit is the largest number.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
