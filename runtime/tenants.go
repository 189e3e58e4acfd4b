package runtime

import (
	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// policies is where tenants of one policy are read from.
type policies interface {
	Tenant(name string) (*tenant.Policy, error)
}

// cgroupTenant collects what decides a tenant's cgroup.
func (rt *Runtime) cgroupTenant(from policies, node *tenant.Node, p *tenant.Policy) (*cgroup.Tenant, error) {
	sums := podSums{rt.root, from, map[string]Account{}}
	var of *cgroup.Tenant
	for _, name := range append(p.Ancestors[:len(p.Ancestors):len(p.Ancestors)], p.Name) {
		level := p
		if name != p.Name {
			var err error
			if level, err = from.Tenant(name); err != nil {
				return nil, err
			}
		}
		in, err := sums.below(level)
		if err != nil {
			return nil, err
		}
		of = &cgroup.Tenant{Policy: level, Node: node, Parent: of, InPods: cgroup.InPods{CPUMilli: in.CPUMilli, MemoryBytes: in.MemoryBytes, Pids: in.Pids}}
	}
	return of, nil
}
