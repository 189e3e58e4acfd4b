package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

func listTenants(root tenant.Root) (*listing, error) {
	l := &listing{
		header: []string{"NAME", "ENFORCEMENT", "LEVEL", "CPU", "MEMORY", "PIDS", "CONTAINERS"},
		wide:   []string{"SWAP", "WEIGHT", "PRIORITY", "CPUS", "REQUESTS", "ONEXCESS", "KUBERNETES", "CONTAINERD"},
	}
	objects, policies, err := inForce(root)
	if err != nil {
		return nil, err
	}
	count, err := countContainers(root)
	if err != nil {
		return nil, err
	}
	for _, o := range byAncestry(objects, policies) {
		p := policies[o.Name()]
		s := o.Tenant.Spec.Selectors
		l.add(item{
			name:   o.Ref(),
			depth:  len(p.Ancestors),
			cells:  []string{o.Name(), enforcement(p), level(p), cpus(p.Limits.CPUMilli), size(p.Limits.MemoryBytes), strconv.FormatInt(p.Limits.Pids, 10), count(o.Name())},
			wide:   []string{size(&p.Limits.SwapBytes), strconv.FormatInt(p.Weight, 10), string(p.Priority), string(p.CPUs), amounts(p.Requests), string(p.Security.OnExcess), list(s.KubernetesNamespaces), list(s.ContainerdNamespaces)},
			object: asJSON(o),
			text:   o.Text,
		})
	}
	return l, nil
}

// byAncestry returns the tenants with each below its parent.
func byAncestry(objects []*compile.Object, policies map[string]*tenant.Policy) []*compile.Object {
	path := func(o *compile.Object) []string { return append(slices.Clone(policies[o.Name()].Ancestors), o.Name()) }
	var tenants []*compile.Object
	for _, o := range objects {
		if o.Tenant != nil && policies[o.Name()] != nil {
			tenants = append(tenants, o)
		}
	}
	slices.SortStableFunc(tenants, func(a, b *compile.Object) int { return slices.Compare(path(a), path(b)) })
	return tenants
}

// inForce returns the objects and the compiled tenants of the version in force.
func inForce(root tenant.Root) ([]*compile.Object, map[string]*tenant.Policy, error) {
	st, err := tenant.Open(root)
	if errors.Is(err, tenant.ErrNoPolicy) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	objects, err := compile.LoadVersion(st)
	if err != nil {
		return nil, nil, err
	}
	policies := map[string]*tenant.Policy{}
	for _, o := range objects {
		if o.Tenant == nil {
			continue
		}
		if policies[o.Name()], err = st.Tenant(o.Name()); err != nil {
			return nil, nil, err
		}
	}
	return objects, policies, nil
}

// countContainers counts the living containers of each tenant. Only root may
// read records; for others the count is unknown.
func countContainers(root tenant.Root) (func(name string) string, error) {
	if _, err := os.ReadDir(root.Containers()); errors.Is(err, fs.ErrPermission) {
		return func(string) string { return "?" }, nil
	}
	records, err := record.List(root)
	if err != nil {
		return nil, err
	}
	running := map[string]int{}
	for _, r := range records {
		if r.Alive() {
			running[r.Tenant]++
		}
	}
	return func(name string) string { return strconv.Itoa(running[name]) }, nil
}

// level reads "restricted+2": the level and how many exceptions are above it.
func level(p *tenant.Policy) string {
	e := p.Security.Exceptions
	n := len(e.Capabilities) + len(e.HostNamespaces) + len(e.HostPaths) + len(e.Devices) + len(e.CDIDevices) + len(e.Sysctls)
	if e.RunAsRoot {
		n++
	}
	if n == 0 {
		return string(p.Security.Level)
	}
	return fmt.Sprintf("%s+%d", p.Security.Level, n)
}

func cpus(milli *int64) string {
	if milli == nil {
		return "-"
	}
	return resource.NewMilliQuantity(*milli, resource.DecimalSI).String()
}

func size(n *int64) string {
	if n == nil {
		return "-"
	}
	return resource.NewQuantity(*n, resource.BinarySI).String()
}

// amounts reads "cpu=1,memory=2Gi", as kubectl takes requests.
func amounts(a tenant.Amounts) string {
	var parts []string
	if a.CPUMilli > 0 {
		parts = append(parts, "cpu="+cpus(&a.CPUMilli))
	}
	if a.MemoryBytes > 0 {
		parts = append(parts, "memory="+size(&a.MemoryBytes))
	}
	return list(parts)
}

func tasks(n *int64) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatInt(*n, 10)
}

func list(names []string) string {
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, ",")
}

// asJSON is an object's document as JSON, with exactly the keys that it has.
func asJSON(o *compile.Object) any {
	var v any
	if err := yaml.Unmarshal([]byte(o.Text), &v); err != nil {
		return nil // it was read before
	}
	return v
}
