package runtime

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// full reports, as denials, the tenants on a container's way up that have as many
// containers as they may.
//
// Preconditions: the locks of the tenant and of those above it are held, and the
// container's own record is not there yet.
func (rt *Runtime) full(r *record.Record, of *cgroup.Tenant) (full isolator.Denials, err error) {
	if r.IsSandbox {
		return nil, nil
	}
	for t := of; t != nil; t = t.Parent {
		most := t.Limits.Containers
		if most == nil {
			continue
		}
		has, err := rt.count(t)
		if err != nil {
			return nil, err
		}
		if has >= *most {
			full = append(full, &isolator.Denial{Isolator: "containers", Path: "containers of tenant " + t.Name,
				Got: fmt.Sprint(has + 1), Want: fmt.Sprintf("at most %d", *most), Allow: "limits.containers"})
		}
	}
	return full, nil
}

// count is how many containers a tenant and all below it have.
func (rt *Runtime) count(t *cgroup.Tenant) (n int64, err error) {
	for _, name := range append(t.Below[:len(t.Below):len(t.Below)], t.Name) {
		for _, kind := range []record.Kind{record.Own, record.Pod} {
			err := record.OfTenant(rt.root, name, kind, func(r *record.Record) bool {
				if !r.IsSandbox && r.Committed() {
					n++
				}
				return false
			})
			if err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

// overTotal reports the tenants whose pods were given more than they may have
// together: no cgroup bounds them.
func (rt *Runtime) overTotal(from policies, of *cgroup.Tenant, with *record.Record) (excess isolator.Denials, err error) {
	for t := of; t != nil; t = t.Parent {
		for _, q := range quantities {
			limit := q.limit(t)
			if limit == nil || q.inPods(t.InPods) <= *limit {
				continue
			}
			by, err := rt.byPod(from, t, with, q)
			if err != nil {
				return nil, err
			}
			excess = append(excess, &isolator.Denial{Isolator: "total", Path: fmt.Sprintf("%s of tenant %s in pods", strings.TrimPrefix(q.key, "limits."), t.Name),
				Got: q.show(q.inPods(t.InPods)) + " (" + by + ")", Want: "at most " + q.show(*limit), Allow: q.key})
		}
	}
	return excess, nil
}

// quantity is one that pods are given of their tenant's limits.
type quantity struct {
	key    string
	limit  func(*cgroup.Tenant) *int64
	inPods func(cgroup.InPods) int64
	show   func(int64) string
}

var quantities = []quantity{
	{"limits.cpu", func(t *cgroup.Tenant) *int64 { return t.Limits.CPUMilli }, func(in cgroup.InPods) int64 { return in.CPUMilli },
		func(n int64) string { return fmt.Sprintf("%dm", n) }},
	{"limits.memory", func(t *cgroup.Tenant) *int64 { return t.Limits.MemoryBytes }, func(in cgroup.InPods) int64 { return in.MemoryBytes }, cgroup.Quantity},
	{"limits.pids", func(t *cgroup.Tenant) *int64 { return &t.Limits.Pids }, func(in cgroup.InPods) int64 { return in.Pids },
		func(n int64) string { return fmt.Sprint(n) }},
}

// byPod says who was given how much: "web/a 512Mi, web/b 1Gi".
func (rt *Runtime) byPod(from policies, t *cgroup.Tenant, with *record.Record, q quantity) (string, error) {
	const most = 5
	var order []string
	sum := map[string]int64{}
	add := func(r *record.Record) error {
		p, err := from.Tenant(r.Tenant)
		if err != nil || r.IsSandbox || !r.Committed() {
			return err
		}
		pod := podName(r)
		if _, seen := sum[pod]; !seen {
			order = append(order, pod)
		}
		a := inPod(r, p)
		sum[pod] += q.inPods(cgroup.InPods{CPUMilli: a.CPUMilli, MemoryBytes: a.MemoryBytes, Pids: a.Pids})
		return nil
	}
	for _, name := range append(t.Below[:len(t.Below):len(t.Below)], t.Name) {
		var failed error
		err := record.OfTenant(rt.root, name, record.Pod, func(r *record.Record) bool {
			if r.ID != with.ID {
				failed = add(r)
			}
			return failed != nil
		})
		if err != nil || failed != nil {
			return "", fmt.Errorf("read what pods were given: %w", errors.Join(err, failed))
		}
	}
	if err := add(with); err != nil {
		return "", err
	}
	var words []string
	for i, pod := range order {
		if i == most {
			words = append(words, fmt.Sprintf("and %d more", len(order)-most))
			break
		}
		words = append(words, pod+" "+q.show(sum[pod]))
	}
	return strings.Join(words, ", "), nil
}

// longestName bounds a pod's name in a sentence: it comes from annotations.
const longestName = 128

// podName is a pod's name in a sentence, with nothing in it that a terminal obeys.
func podName(r *record.Record) string {
	name := r.Pod
	if name == "" {
		name = r.ID
	}
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` || len(name) > longestName {
		return quoted[:min(len(quoted), longestName)]
	}
	return name
}
