package runtime

import (
	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// policies is where tenants of one policy are read from.
type policies interface {
	Tenant(name string) (*tenant.Policy, error)
}

// cgroupTenant collects what decides a tenant's cgroup.
func (rt *Runtime) cgroupTenant(from policies, node *tenant.Node, p *tenant.Policy) (*cgroup.Tenant, error) {
	pods, err := rt.pods()
	if err != nil {
		return nil, err
	}
	var of *cgroup.Tenant
	for _, name := range p.Ancestors {
		up, err := from.Tenant(name)
		if err != nil {
			return nil, err
		}
		of = &cgroup.Tenant{Policy: up, Node: node, Parent: of, InPods: inPods(pods, name)}
	}
	return &cgroup.Tenant{Policy: p, Node: node, Parent: of, InPods: inPods(pods, p.Name)}, nil
}

// pods are the records of the containers of pods. They have a scope of their
// own, so that a node without Kubernetes reads nothing.
func (rt *Runtime) pods() ([]*record.Record, error) {
	return record.ListScope(rt.root, record.Scope(tenant.Kubernetes))
}

// inPods is what the pods of a tenant, and of those below it, were given.
func inPods(pods []*record.Record, name string) cgroup.InPods {
	a := AccountOf(pods, name)
	return cgroup.InPods{CPUMilli: a.CPUMilli, MemoryBytes: a.MemoryBytes, Pids: a.Pids}
}
