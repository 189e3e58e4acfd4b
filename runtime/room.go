package runtime

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// room reports, as denials, what keeps a container from fitting into its tenant
// and into those above it: their number of containers and, for a pod's, which
// no cgroup of the tenant bounds, the sum of what its pods are given.
//
// Preconditions: the locks of the tenant and of those above it are held, and the
// container's own record is not there yet.
func (rt *Runtime) room(r *record.Record, of *cgroup.Tenant) (full, total isolator.Denials, err error) {
	if r.IsSandbox {
		return nil, nil, nil
	}
	var all []*record.Record // read once, and only if somebody asks
	read := func(list func(tenant.Root) ([]*record.Record, error)) ([]*record.Record, error) {
		if all == nil {
			all, err = list(rt.root)
		}
		return all, err
	}
	for t := of; t != nil; t = t.Parent {
		if most := t.Limits.Containers; most != nil {
			records, err := read(record.List)
			if err != nil {
				return nil, nil, err
			}
			if has := AccountOf(records, t.Name).Containers; has >= *most {
				full = append(full, &isolator.Denial{Isolator: "containers", Path: "containers of tenant " + t.Name,
					Got: fmt.Sprint(has + 1), Want: fmt.Sprintf("at most %d", *most), Allow: "limits.containers"})
			}
		}
		if r.Engine == string(isolator.CRI) {
			pods, err := rt.pods()
			if err != nil {
				return nil, nil, err
			}
			total = append(total, podTotal(append(pods, r), t)...)
		}
	}
	return full, total, nil
}

// podTotal compares what the pods of a tenant were given with its limits.
func podTotal(pods []*record.Record, t *cgroup.Tenant) (excess isolator.Denials) {
	a := AccountOf(pods, t.Name)
	for _, q := range []struct {
		key   string
		given int64
		limit *int64
		show  func(int64) string
		part  func(Account) int64
	}{
		{"limits.cpu", a.CPUMilli, t.Limits.CPUMilli, func(n int64) string { return fmt.Sprintf("%dm", n) }, func(a Account) int64 { return a.CPUMilli }},
		{"limits.memory", a.MemoryBytes, t.Limits.MemoryBytes, cgroup.Quantity, func(a Account) int64 { return a.MemoryBytes }},
		{"limits.pids", a.Pids, &t.Limits.Pids, func(n int64) string { return fmt.Sprint(n) }, func(a Account) int64 { return a.Pids }},
	} {
		if q.limit == nil || q.given <= *q.limit {
			continue
		}
		excess = append(excess, &isolator.Denial{Isolator: "total", Path: fmt.Sprintf("%s of tenant %s in pods", strings.TrimPrefix(q.key, "limits."), t.Name),
			Got: q.show(q.given) + " (" + byPod(pods, t.Name, q.part, q.show) + ")", Want: "at most " + q.show(*q.limit), Allow: q.key})
	}
	return excess
}

// byPod says who uses how much: "web/a 512Mi, web/b 1Gi".
func byPod(pods []*record.Record, name string, part func(Account) int64, show func(int64) string) string {
	const most = 5
	var order []string
	sum := map[string]int64{}
	for _, r := range pods {
		if !r.Belongs(name) || r.IsSandbox || !r.Committed() || r.Resources == nil {
			continue
		}
		pod := r.Pod
		if pod == "" {
			pod = r.ID
		}
		if _, seen := sum[pod]; !seen {
			order = append(order, pod)
		}
		sum[pod] += part(given(r.Resources))
	}
	var words []string
	for i, pod := range order {
		if i == most {
			words = append(words, fmt.Sprintf("and %d more", len(order)-most))
			break
		}
		words = append(words, pod+" "+show(sum[pod]))
	}
	return strings.Join(words, ", ")
}

// share gives the tenant's cgroups, if they are there, what the pods leave of
// the limits: a pod's container was added, or went.
//
// Preconditions: the locks of the tenant and of those above it are held.
func (rt *Runtime) share(of *cgroup.Tenant) (denials isolator.Denials, err error) {
	for t := of; t != nil; t = t.Parent {
		err := rt.tree.Apply(t, nil)
		var low *cgroup.TooLow
		if errors.As(err, &low) {
			denials = append(denials, &isolator.Denial{Isolator: "total", Path: low.Key + " of tenant " + t.Name + " beside its pods",
				Got: low.Limit, Want: "at least the " + low.InUse + " that its other containers use", Allow: low.Key})
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	return denials, nil
}
