package runtime

import (
	"errors"
	"io/fs"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// podSums adds up what tenants' pods were given, each tenant's once.
type podSums struct {
	root tenant.Root
	from policies
	own  map[string]Account
}

// below is what the pods of a tenant and of all tenants below it were given.
func (s podSums) below(p *tenant.Policy) (Account, error) {
	var all Account
	for _, name := range append(p.Below[:len(p.Below):len(p.Below)], p.Name) {
		a, known := s.own[name]
		if !known {
			var err error
			if a, err = s.of(name); err != nil {
				return all, err
			}
			s.own[name] = a
		}
		all.add(a)
	}
	return all, nil
}

func (s podSums) of(name string) (a Account, err error) {
	var p *tenant.Policy
	var unread error
	err = record.OfTenant(s.root, name, record.Pod, func(r *record.Record) bool {
		if p == nil {
			p, unread = s.from.Tenant(name)
		}
		if unread != nil {
			return true
		}
		if !r.IsSandbox && r.Committed() {
			a.add(inPod(r, p))
		}
		return false
	})
	if errors.Is(unread, fs.ErrNotExist) {
		unread = nil // the policy has it no longer, nor anybody above it
	}
	return a, errors.Join(err, unread)
}

// inPod is what a pod's container was given of its tenant's limits. One that asks
// for nothing, and has no default, may have all that its tenant has: that is no
// part of it, and counts nothing.
func inPod(r *record.Record, p *tenant.Policy) (a Account) {
	if r.Resources == nil {
		return a
	}
	a = given(r.Resources)
	var asked Account
	if r.Asked != nil {
		asked = given(r.Asked)
	}
	if l := p.Limits.CPUMilli; l != nil && a.CPUMilli >= *l && asked.CPUMilli == 0 {
		a.CPUMilli = 0
	}
	if l := p.Limits.MemoryBytes; l != nil && a.MemoryBytes >= *l && asked.MemoryBytes == 0 {
		a.MemoryBytes = 0
	}
	if a.Pids >= p.Limits.Pids && asked.Pids == 0 {
		a.Pids = 0
	}
	return a
}
